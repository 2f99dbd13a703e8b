// A phone book: people, their e-mail addresses, groups and messages, in every format there is, for whoever may see them.
import express from 'express'
import {
  accepted,
  bytes,
  created,
  createServer,
  csv,
  endpoint,
  html,
  mappers,
  mix,
  multipart,
  ndjson,
  noContent,
  notFound,
  problems,
  reply,
  resource,
  unsupportedMediaType,
} from 'express-trestle'
import { model } from 'express-trestle/sequelize'
import { guarded, passwords, prepareAccounts, tables } from './accounts.js'
import { plist } from './plist.js'
import { Circle, Email, Message, Person, Photo, prepare } from './tables.js'

const formats = { mappers: [...mappers, csv, ndjson, html, plist], use: guarded }

const emails = { filterable: ['address', 'personId'], sortable: ['address'], writable: ['personId'] }
const groups = { filterable: ['name'], sortable: ['name'] }
const people = {
  filterable: ['name', 'city', 'groups.name'],
  sortable: ['name', 'city'],
  searchable: ['name', 'city'],
  includable: ['emails', 'groups'],
  relations: { emails, groups },
  nested: { emails, groups },
}

async function find({ params }) {
  const person = await Person.findByPk(params.id)
  if (!person) throw notFound(`There is no contact ${params.id}.`)
  return person
}

const images = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']

const contacts = resource(
  'contacts',
  mix(model(Person, people), {
    ...formats,
    path: ['/contacts', '/people'],
    '/:id/call': { post: async (ctx) => accepted({ calling: (await find(ctx)).phone }) },
    '/:id/photo': {
      get: endpoint({
        mapper: bytes(...images),
        handler: async (ctx) => {
          const photo = await Photo.findOne({ where: { personId: (await find(ctx)).id } })
          if (!photo) throw notFound('There is no photo.')
          return reply(photo.bytes, { headers: { 'Content-Type': photo.type, 'X-Content-Type-Options': 'nosniff' } })
        },
      }),
      put: endpoint({
        mappers: [multipart, ...mappers],
        handler: async (ctx) => {
          const { id: personId } = await find(ctx)
          const { photo } = ctx.body ?? {}
          if (!images.includes(photo?.type)) throw unsupportedMediaType('Send a picture in the field photo.', { headers: { Accept: 'multipart/form-data' } })
          const replaced = await Photo.destroy({ where: { personId } })
          await Photo.create({ personId, type: photo.type, bytes: photo.bytes })
          return replaced ? noContent() : created({ type: photo.type, size: photo.size }, { location: ctx.url('/:id/photo') })
        },
      }),
    },
  }),
)

const others = [
  resource('emails', { ...model(Email, emails), ...formats }),
  resource('groups', { ...model(Circle, groups), ...formats }),
  resource('messages', { ...model(Message, { filterable: ['personId', 'sent'], sortable: ['sent'], sort: ['-sent'], writable: ['personId'] }), ...formats }),
  resource('accounts', { ...model(tables.models.User, { sortable: ['name'] }), ...formats }),
  resource('roles', { ...model(tables.models.Group, { includable: ['permissions'], relations: { permissions: {} } }), ...formats }),
]

await prepare()
await prepareAccounts([contacts, ...others])

const app = express().use(contacts, ...others, problems())

export const server = createServer(app).listen(Number(process.env.PORT ?? 3000), () => {
  const at = `localhost:${server.address().port}/contacts`
  const accounts = Object.entries(passwords).map(([name, password]) => `${name}:${password}`)
  console.log(`The phone book is open. Everybody reads, these write: ${accounts.join('  ')}. Try:

  curl ${at}
  curl -H 'Accept: application/xml' ${at}
  curl '${at}?format=text'
  curl ${at}/1.json
  curl ${at}/1.plist
  curl -g '${at}?filter[city]=London&include=emails,groups&sort=-name'
  curl -i -H 'Accept: image/png' ${at}
  curl -i -u luke:x-wing -d name=Cy -d 'phone=+1 555 0100' ${at}
  curl -i -u luke:x-wing -X PUT -F photo=@picture.png ${at}/1/photo
  curl -u luke:x-wing -X POST ${at}/2/call
  curl -i -u leia:alderaan -X DELETE ${at}/2`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
