// Upload: a form with a file of 100 MB and then one of 1 GB, made up on the way, to a server in a process of its own that writes it to a
// temporary file. The goal: ten times the bytes take at most 30 MB more. Run `npm run build` before; `node bench/upload.js` exits with 1 beyond the goal.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const goal = 30
const few = 100_000_000
const many = 1_000_000_000

if (process.send) await serve()
else await measure()

async function serve() {
  const { default: express } = await import('express')
  const { createServer, endpoint, json, multipartWith, resource, toFile } = await import('../dist/index.js')
  const limit = many + 1_000_000
  const uploads = multipartWith({ files: toFile({ dir: process.env.UPLOADS, limit }) })
  const app = express()
  app.use(resource('uploads', { mappers: [json, uploads], post: endpoint({ bodyLimit: limit, handler: ({ body }) => ({ size: body.file.size }) }) }))
  const server = createServer(app).listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => process.send({ rss: process.memoryUsage.rss() }))
  process.on('disconnect', () => process.exit())
}

async function measure() {
  const dir = await mkdtemp(join(tmpdir(), 'upload-bench-'))
  const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, UPLOADS: dir } })
  try {
    const [{ port }] = await once(child, 'message')
    const run = async (size) => {
      const started = performance.now()
      await upload(`http://127.0.0.1:${port}/uploads`, size)
      const seconds = (performance.now() - started) / 1000
      const memory = await memoryOf(child)
      console.log(`${size / 1e6} MB: ${memory.toFixed(1)} MB resident at the end, ${seconds.toFixed(1)} s, ${(size / 1e6 / seconds).toFixed(0)} MB/s`)
      return memory
    }
    await upload(`http://127.0.0.1:${port}/uploads`, 10_000_000)
    const more = -(await run(few)) + (await run(many))
    console.log(`${more.toFixed(1)} MB more; the goal is at most ${goal} MB.`)
    process.exitCode = more > goal ? 1 : 0
  } finally {
    child.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

async function upload(url, size) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=bench' },
    body: ReadableStream.from(form(size)),
    duplex: 'half',
    signal: AbortSignal.timeout(80_000),
  })
  const { size: stored } = await answer.json()
  if (stored !== size) throw new Error(`${answer.status}: ${stored} bytes were stored, not ${size}.`)
}

async function* form(size) {
  yield Buffer.from('--bench\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n')
  const piece = Buffer.alloc(64 * 1024, 'some bytes, more bytes\r\n')
  for (let left = size; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece
  yield Buffer.from('\r\n--bench--\r\n')
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
