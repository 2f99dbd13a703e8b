// One POST of about 300 bytes of JSON, answered with what came: this library against bare Node, Express by hand, and Fastify.
import { createServer as createHttpServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { createServer, resource } from '../dist/index.js'
import { race } from './harness/race.js'

const body = JSON.stringify({
  name: 'Ann Onymous',
  phone: '+358 40 123456',
  email: 'ann@example.org',
  tags: ['friend', 'colleague', 'neighbour'],
  address: { street: 'Mannerheimintie 1', zip: '00100', city: 'Helsinki', country: 'Finland' },
  note: 'Calls back in the evening, never before six o’clock and never on Sundays, unless it is urgent.',
})
const bare = () => express().disable('x-powered-by')
const trestle = () => bare().use(resource('contacts', { post: (ctx) => ctx.body }))

await race(import.meta.url, {
  title: `POST of ${Buffer.byteLength(body)} bytes of JSON`,
  request: `POST /contacts HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  servers: {
    'node:http': () =>
      createHttpServer((req, res) => {
        const chunks = []
        req.on('data', (chunk) => chunks.push(chunk))
        req.on('end', () => {
          const out = JSON.stringify(JSON.parse(Buffer.concat(chunks)))
          res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(out) })
          res.end(out)
        })
      }),
    fastify: () => {
      const app = fastify()
      app.post('/contacts', (req, reply) => reply.send(req.body))
      return app.listen({ port: 0, host: '127.0.0.1' }).then(() => app.server.address().port)
    },
    'express, json() and res.json': () =>
      createHttpServer(
        bare()
          .use(express.json())
          .post('/contacts', (req, res) => res.json(req.body)),
      ),
    'trestle, app.listen': () => createHttpServer(trestle()),
    'trestle, createServer': () => createServer(trestle()),
  },
  ratios: [
    ['trestle, createServer', 'fastify', '0.9 on Node 20'],
    ['trestle, app.listen', 'express, json() and res.json', '1.3 on Node 20, 1.6 on Node 24'],
  ],
})
