// A phone book: every contact has a URL, in every format there is. The whole application is on this page.

import express from 'express'
import { accepted, created, createServer, endpoint, mappers, noContent, notFound, problems, resource } from 'express-trestle'
import { plist } from './plist.js'

const contacts = new Map([
  [1, { id: 1, name: 'Ann Lee', phone: '+44 20 7946 0101' }],
  [2, { id: 2, name: 'Bo Ek', phone: '+46 8 123 456 78', email: 'bo@example.com' }],
])
let lastId = 2

const details = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    phone: { type: 'string', pattern: '^\\+?[0-9 ]{3,30}$' },
    email: { type: 'string', format: 'email' },
  },
  required: ['name', 'phone'],
  additionalProperties: false,
}

function find(id) {
  const contact = contacts.get(Number(id))
  if (!contact) throw notFound(`There is no contact ${id}.`)
  return contact
}

function save(id, body) {
  contacts.set(id, { id, ...body })
  return contacts.get(id)
}

export const phoneBook = resource('contacts', {
  mappers: [...mappers, plist],
  get: () => [...contacts.values()],
  post: endpoint({
    request: { body: details },
    handler: ({ body, url }) => {
      const contact = save(++lastId, body)
      return created(contact, { location: url('/:id', contact) })
    },
  }),
  '/:id': {
    get: ({ params }) => find(params.id),
    put: endpoint({ request: { body: details }, handler: ({ params, body }) => save(find(params.id).id, body) }),
    delete: ({ params }) => {
      contacts.delete(find(params.id).id)
      return noContent()
    },
  },
  '/:id/call': { post: ({ params }) => accepted({ calling: find(params.id).phone }) },
})

const app = express().use(phoneBook).use(problems())

export const server = createServer(app).listen(Number(process.env.PORT ?? 3000), () => {
  const at = `localhost:${server.address().port}/contacts`
  console.log(`The phone book is open. Try:

  curl ${at}
  curl -H 'Accept: application/xml' ${at}
  curl '${at}?format=text'
  curl ${at}/1.json
  curl ${at}/1.plist
  curl -i -H 'Accept: image/png' ${at}
  curl -i -d name=Cy -d 'phone=+1 555 0100' ${at}
  curl -X POST ${at}/2/call
  curl -i -X DELETE ${at}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
