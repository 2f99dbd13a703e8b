// Schemas at work, both ways: a POST of about 300 bytes that is validated, and a GET of a list of 100 objects that is stripped, against Fastify with the
// same schemas. What it costs to check an answer as well, which Fastify does not do, stands beside it.
import express from 'express'
import fastify from 'fastify'
import { createServer, resource } from '../dist/index.js'
import { race } from './harness/race.js'

const text = { type: 'string', minLength: 1, maxLength: 200 }
const contact = {
  type: 'object',
  properties: {
    name: text,
    phone: { type: 'string', pattern: '^\\+?[0-9 ]+$' },
    email: { type: 'string', format: 'email' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: text, maxItems: 10 },
    address: {
      type: 'object',
      properties: { street: text, zip: text, city: text, country: text },
      required: ['street', 'city'],
      additionalProperties: false,
    },
    note: { type: 'string', maxLength: 1000 },
  },
  required: ['name', 'email'],
  additionalProperties: false,
}
const body = JSON.stringify({
  name: 'Ann Onymous',
  phone: '+358 40 123456',
  email: 'ann@example.org',
  age: 42,
  tags: ['friend', 'colleague'],
  address: { street: 'Mannerheimintie 1', zip: '00100', city: 'Helsinki', country: 'Finland' },
  note: 'Calls back in the evening, never before six and never on Sundays, unless it is urgent.',
})

const row = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
    phone: { type: 'string' },
    city: { type: 'string' },
    active: { type: 'boolean' },
    score: { type: 'number' },
    created: { type: 'string' },
  },
  required: ['id', 'name'],
  additionalProperties: false,
}
const rows = Array.from({ length: 100 }, (_, id) => ({
  id,
  name: `Ann Onymous ${id}`,
  phone: '+358 40 123456',
  city: 'Helsinki',
  active: id % 3 !== 0,
  score: id / 7,
  created: '2026-01-02T03:04:05.000Z',
  hash: 'never to be seen',
}))
const list = { type: 'array', items: row }

const bare = () => express().disable('x-powered-by')
const listening = async (app) => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}
const posting = (output) => () =>
  createServer(bare().use(resource('contacts', { output, post: { request: { body: contact }, response: { body: contact }, handler: (ctx) => ctx.body } })))
const listing = (output) => () => createServer(bare().use(resource('contacts', { output, get: { response: { body: list }, handler: () => rows } })))

const races = [
  {
    title: `POST of ${Buffer.byteLength(body)} bytes of JSON, validated, and answered with a schema`,
    request: `POST /contacts HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    servers: {
      'POST, fastify': () => {
        const app = fastify()
        app.post('/contacts', { schema: { body: contact, response: { '2xx': contact } } }, (req, reply) => reply.send(req.body))
        return listening(app)
      },
      "POST, trestle, 'strip'": posting('strip'),
      "POST, trestle, 'check'": posting('check'),
      "POST, trestle, 'trust'": posting('trust'),
    },
    ratios: [
      ["POST, trestle, 'strip'", 'POST, fastify', '0.9 on Node 20'],
      ["POST, trestle, 'check'", 'POST, fastify'],
      ["POST, trestle, 'trust'", 'POST, fastify'],
    ],
  },
  {
    title: 'GET of a list of 100 objects of seven members, stripped of an eighth',
    request: 'GET /contacts HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n',
    servers: {
      'list, fastify': () => {
        const app = fastify()
        app.get('/contacts', { schema: { response: { 200: list } } }, (_req, reply) => reply.send(rows))
        return listening(app)
      },
      "list, trestle, 'strip'": listing('strip'),
      "list, trestle, 'check'": listing('check'),
      "list, trestle, 'trust'": listing('trust'),
    },
    ratios: [
      ["list, trestle, 'strip'", 'list, fastify', '0.9 on Node 20'],
      ["list, trestle, 'check'", 'list, fastify'],
      ["list, trestle, 'trust'", 'list, fastify'],
    ],
  },
]

// Each server is this file in a process of its own; it finds itself in one of the two.
const asked = process.env.TRESTLE_SERVE
for (const each of races) if (asked === undefined || asked in each.servers) await race(import.meta.url, each)
