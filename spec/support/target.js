// Target: a small app with one path for each thing that can go wrong, for collections of requests that are replayed against a running server.
// Run it with `node spec/support/target.js` after `npm run build`; it prints its URL. PORT chooses the port.
import express from 'express'
import {
  badRequest,
  created,
  createServer,
  crud,
  csv,
  endpoint,
  form,
  json,
  memory,
  multipart,
  ndjson,
  problems,
  reply,
  resource,
  text,
  xml,
} from '../../dist/index.js'

const mappers = [json, form, xml, text, multipart, csv, ndjson]

const echo = resource('echo', {
  mappers,
  post: ({ body }) => {
    if (body === undefined) throw badRequest('A body is needed.')
    return reply(body)
  },
})

const strict = resource('strict', {
  mappers,
  post: endpoint({
    request: {
      body: {
        type: 'object',
        properties: { name: { type: 'string', minLength: 1, maxLength: 100 }, age: { type: 'integer', minimum: 0, maximum: 150 } },
        required: ['name'],
        additionalProperties: false,
      },
    },
    handler: ({ body }) => created(body),
  }),
})

const readonly = resource('readonly', { get: () => ({ ok: true }) })

// Offers exactly the types that the client lists, the first preferred: a resource is made for each list.
const neg = (req, res, next) => {
  const available = JSON.parse(String(new URL(req.url, 'http://localhost').searchParams.get('available') ?? '["application/json"]'))
  const offered = available.map((type, index) => ({ name: `t${index}`, types: [type], charset: false, format: () => type }))
  resource({ mappers: offered, get: () => ({}) })(req, res, next)
}

let document = { a: 1 }
const doc = resource('doc', { get: () => document, put: ({ body }) => (document = body) })
const slow = resource('slow', { get: () => new Promise((resolve) => setTimeout(() => resolve({ slow: true }), 300)) })
const big = { rows: Array.from({ length: 20_000 }, (_, id) => ({ id, text: 'x'.repeat(80) })) }

const items = resource(
  'items',
  crud(
    memory(
      [
        { id: 1, name: 'one', secret: 's' },
        { id: 2, name: 'canary-row', secret: 't' },
      ],
      {
        schema: {
          type: 'object',
          properties: { id: { type: 'integer', readOnly: true }, name: { type: 'string', minLength: 1 }, secret: { type: 'string' } },
          required: ['id', 'name'],
          additionalProperties: false,
        },
      },
    ),
    { filterable: ['id', 'name'], sortable: ['id', 'name'], fields: () => ({ read: ['id', 'name'], write: ['name'] }) },
  ),
)

const app = express()
app.use(echo, strict, readonly, doc, slow, resource('big', { get: () => big }), items)
app.use('/neg', neg)
app.use(problems())
const server = createServer(app).listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
