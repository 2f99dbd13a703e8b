// A page of 20 with its total, and one row by its key: this library's model() against feathers-sequelize, finale-rest, Express and Sequelize by hand,
// and the bare driver. Each under the best server it has. SQLite always, PostgreSQL where POSTGRES_URL is set.
import { createServer as createHttpServer } from 'node:http'
import express from 'express'
import { createServer, resource } from '../dist/index.js'
import { model } from '../dist/sequelize.js'
import { clear, databases, fill, open } from './harness/people.js'
import { race } from './harness/race.js'

const url = process.env.BENCH_DATABASE
const bare = () => express().disable('x-powered-by')
const sendJson = (res, data) => {
  const body = JSON.stringify(data)
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  res.end(body)
}

const servers = {
  'bare driver': async () => {
    const query = await driver(url)
    return createHttpServer(async (req, res) => {
      const id = /^\/people\/(\d+)$/.exec(req.url)?.[1]
      if (id) return sendJson(res, (await query('SELECT * FROM bench_people WHERE id = $1', [Number(id)]))[0])
      const [[{ total }], objects] = await Promise.all([
        query('SELECT count(*) AS total FROM bench_people', []),
        query('SELECT * FROM bench_people ORDER BY id LIMIT 20', []),
      ])
      sendJson(res, { objects, meta: { total: Number(total) } })
    })
  },
  'express and sequelize by hand': () => {
    const { Person } = open(url)
    const app = bare()
    app.get('/people', async (_req, res) => {
      const { rows, count } = await Person.findAndCountAll({ limit: 20, order: [['id', 'ASC']], raw: true })
      res.json({ objects: rows, meta: { total: count } })
    })
    app.get('/people/:id', async (req, res) => res.json(await Person.findByPk(req.params.id, { raw: true })))
    return createHttpServer(app)
  },
  'feathers-sequelize, koa': async () => {
    const { feathers } = await import('@feathersjs/feathers')
    const { bodyParser, errorHandler, koa, rest } = await import('@feathersjs/koa')
    const { SequelizeService } = await import('feathers-sequelize')
    const { Person } = open(url)
    const app = koa(feathers())
    app.use(errorHandler())
    app.use(bodyParser())
    app.configure(rest())
    app.use('people', new SequelizeService({ Model: Person, paginate: { default: 20, max: 100 }, raw: true }))
    const server = await app.listen(0, '127.0.0.1')
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    return server.address().port
  },
  'finale-rest, express': async () => {
    const { default: finale } = await import('finale-rest')
    const { sequelize, Person } = open(url)
    const app = bare()
    app.use(express.json())
    finale.initialize({ app, sequelize })
    finale.resource({ model: Person, endpoints: ['/people', '/people/:id'] })
    const server = createHttpServer((req, res) => {
      // finale asks for pages by count and offset.
      app(req, res)
    })
    return server
  },
  'trestle, createServer': () => {
    const { Person } = open(url)
    return createServer(bare().use(resource('people', model(Person))))
  },
}

async function driver(url) {
  if (url.startsWith('postgres')) {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ connectionString: url, max: 10, min: 10 })
    return async (text, values) => (await pool.query({ text, values })).rows
  }
  const { default: sqlite3 } = await import('sqlite3')
  const db = new sqlite3.Database(url.replace('sqlite:', ''))
  return (text, values) =>
    new Promise((resolve, reject) => db.all(text.replaceAll(/\$\d/g, '?'), values, (error, rows) => (error ? reject(error) : resolve(rows))))
}

const peers = ['express and sequelize by hand', 'feathers-sequelize, koa', 'finale-rest, express', 'bare driver']
const get = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`

if (process.env.TRESTLE_SERVE) await race(import.meta.url, { servers })
else {
  for (const [name, at] of Object.entries(databases)) {
    process.env.BENCH_DATABASE = at
    await fill(at, 10_000)
    for (const [what, request, goal] of [
      ['list of 20 with total', { default: get('/people'), 'finale-rest, express': get('/people?count=20') }, '1.5 of the best peer'],
      ['read of one by key', { default: get('/people/5000') }, '2 of the best peer'],
    ])
      await race(import.meta.url, {
        title: `${name}: ${what}`,
        request,
        servers,
        ratios: peers.map((peer) => ['trestle, createServer', peer, peer === 'bare driver' ? undefined : goal]),
      })
    await clear(at)
  }
}
