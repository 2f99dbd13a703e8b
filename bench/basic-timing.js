// Basic timing: does the time of a refusal tell whether there is such a user? Asks 2,000 times for an unknown user and 2,000 times with a wrong
// password, in random order, with a hash that costs little, so that any difference is large beside it. Build first; then: node bench/basic-timing.js
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import express from 'express'
import { authenticate, basic, createServer, hashPassword, passwordCheck, resource } from '../dist/index.js'

const rounds = 2000
const work = { cost: 8, parallelism: 1 }

const users = new Map([['yoda', { name: 'yoda', passwordHash: await hashPassword('secret', work) }]])
const app = express()
app.use(resource('door', { use: [authenticate(basic(passwordCheck((name) => users.get(name), work)))], get: () => 'in' }))
const server = createServer(app).listen(0, '127.0.0.1')
await once(server, 'listening')

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const { port } = server.address()
const credentials = {
  unknown: `Basic ${Buffer.from('yogi:wrong!').toString('base64')}`,
  wrong: `Basic ${Buffer.from('yoda:wrong!').toString('base64')}`,
}

function ask(authorization) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const asked = request({ host: '127.0.0.1', port, path: '/door', agent, headers: { Authorization: authorization } }, (answer) => {
      if (answer.statusCode !== 401) reject(new Error(`The answer is ${answer.statusCode}, not 401.`))
      answer.resume().once('end', () => resolve(Number(process.hrtime.bigint() - start) / 1e6))
    })
    asked.once('error', reject).end()
  })
}

const times = { unknown: [], wrong: [] }
for (let round = 0; round < 200; round++) await ask(credentials[round % 2 ? 'unknown' : 'wrong'])
for (let round = 0; round < rounds; round++) {
  const order = Math.random() < 0.5 ? ['unknown', 'wrong'] : ['wrong', 'unknown']
  for (const kind of order) times[kind].push(await ask(credentials[kind]))
}
server.close()
agent.destroy()

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length
const variance = (list, middle = mean(list)) => list.reduce((sum, one) => sum + (one - middle) ** 2, 0) / (list.length - 1)

const [unknown, wrong] = [median(times.unknown), median(times.wrong)]
const t = (mean(times.unknown) - mean(times.wrong)) / Math.sqrt(variance(times.unknown) / rounds + variance(times.wrong) / rounds)
const apart = Math.abs(unknown - wrong) / Math.min(unknown, wrong)
console.log(`unknown user   median ${unknown.toFixed(3)} ms`)
console.log(`wrong password median ${wrong.toFixed(3)} ms, ${(apart * 100).toFixed(2)} % apart (at most 5)`)
console.log(`Welch t ${t.toFixed(2)} (between -4.5 and 4.5)`)
process.exit(Math.abs(t) < 4.5 && apart < 0.05 ? 0 : 1)
