// Rows: ten answers of 100,000 rows and then one of 1,000,000, as NDJSON and as CSV, from a server in a process of its own whose memory is watched.
// Both make the same garbage, so what one takes more than the other is the price of a long answer. The goal: at most 30 MB.
// Run `npm run build` before; `node bench/rows.js` exits with 1 beyond the goal.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const goal = 30
const few = 100_000
const many = 1_000_000
const types = { ndjson: 'application/x-ndjson', csv: 'text/csv' }

if (process.send) await serve()
else await measure()

async function serve() {
  const { default: express } = await import('express')
  const { createServer, csv, ndjson, resource } = await import('../dist/index.js')
  async function* rows(count) {
    for (let id = 1; id <= count; id++) yield { id, name: `Customer ${id}`, city: 'Tampere', active: id % 2 === 0, balance: id / 4 }
  }
  const app = express()
  app.use(resource('rows', { mappers: [ndjson, csv], get: ({ query }) => rows(Number(query.count)) }))
  const server = createServer(app).listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send({ rss: process.memoryUsage.rss() }))
  process.on('disconnect', () => process.exit())
}

async function measure() {
  let worst = 0
  for (const [name, type] of Object.entries(types)) {
    // A small space for young objects, so that what V8 leaves lying around for a while does not count as rows held.
    const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--max-semi-space-size=4'] })
    try {
      const [{ port }] = await once(child, 'message')
      const url = (count) => `http://127.0.0.1:${port}/rows?count=${count}`
      await discard(url(few), type)
      const first = await peakDuring(child, async () => {
        let bytes = 0
        for (let rows = 0; rows < many; rows += few) bytes += await discard(url(few), type)
        return bytes
      })
      const second = await peakDuring(child, () => discard(url(many), type))
      const more = second.peak - first.peak
      worst = Math.max(worst, more)
      const line = ({ peak, bytes, seconds }) => `${peak.toFixed(1)} MB at the most, ${(bytes / 1e6).toFixed(0)} MB sent in ${seconds.toFixed(1)} s`
      console.log(`${name}: answers of ${few} rows: ${line(first)}; of ${many} rows: ${line(second)}; ${more.toFixed(1)} MB more`)
    } finally {
      child.kill()
    }
  }
  console.log(`The most: ${worst.toFixed(1)} MB more; the goal is at most ${goal} MB.`)
  process.exitCode = worst > goal ? 1 : 0
}

async function discard(url, type) {
  const answer = await fetch(url, { headers: { Accept: type }, signal: AbortSignal.timeout(80_000) })
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`)
  let bytes = 0
  for await (const chunk of answer.body) bytes += chunk.length
  return bytes
}

async function peakDuring(child, work) {
  let peak = 0
  let over = false
  const watching = (async () => {
    while (!over) {
      peak = Math.max(peak, await memoryOf(child))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const started = performance.now()
  try {
    return { bytes: await work(), seconds: (performance.now() - started) / 1000, peak }
  } finally {
    over = true
    await watching
  }
}

/** The resident memory of the server in MB: from the system, or from itself where the system does not tell. */
async function memoryOf(child) {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))
    return kilobytes / 1024
  } catch {
    child.send('memory')
    const [{ rss }] = await once(child, 'message')
    return rss / 1024 / 1024
  }
}
