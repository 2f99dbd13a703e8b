// A page by cursor at row 1,000,000 against the first page, by an indexed sort and without a count. Both are asked in turn; medians.
import { once } from 'node:events'
import express from 'express'
import { createServer, resource } from '../dist/index.js'
import { model } from '../dist/sequelize.js'
import { clear, databases, fill, open } from './harness/people.js'

const rows = 1_050_000
const times = 200

for (const [name, url] of Object.entries(databases)) {
  await fill(url, rows)
  const { sequelize, Person } = open(url)
  const server = createServer(express().use(resource('people', model(Person, { sortable: ['id', 'age'], maxPageSize: 1000 })))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${server.address().port}`
  const ask = async (path) => {
    const response = await fetch(base + path, { headers: { Prefer: 'count=none' } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  // The way to row 1,000,000 goes page by page, as a client would.
  let next = '/people?sort=age,id&limit=1000&after='
  for (let at = 0; at < 1_000_000; at += 1000) next = (await ask(next)).meta.next
  const deep = next.replace('limit=1000', 'limit=20')
  const first = '/people?sort=age,id&limit=20&after='
  const took = { first: [], deep: [] }
  for (let round = 0; round < times; round++) {
    for (const [kind, path] of [
      ['first', first],
      ['deep', deep],
    ]) {
      const start = performance.now()
      await ask(path)
      took[kind].push(performance.now() - start)
    }
  }
  const median = (list) => list.sort((one, two) => one - two)[list.length >> 1]
  const ratio = median(took.deep) / median(took.first)
  console.log(
    `${name}: first page ${median(took.first).toFixed(2)} ms, page at row 1,000,000 ${median(took.deep).toFixed(2)} ms, ratio ${ratio.toFixed(2)}, goal 1.5`,
  )
  if (ratio > 1.5) process.exitCode = 1
  server.close()
  await sequelize.close()
  await clear(url)
}
