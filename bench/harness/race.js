// Race: servers of one kind in child processes, loaded in turn, round after round, so that a machine that slows down slows all of them.
// Prints requests per second and ratios; only the ratios mean anything.
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { load } from './load.js'

const seconds = Number(process.env.SECONDS ?? 1)
const rounds = Number(process.env.ROUNDS ?? 9)
const carried = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

/**
 * @param {string} file the bench, as `import.meta.url`
 * @param {{ title: string, request: string | Buffer | Record<string, string>, servers: Record<string, () => import('node:http').Server | Promise<number>>, ratios: [string, string, string?][] }} race
 *   servers start on port 0; a ratio is [ours, theirs, goal]
 */
export async function race(file, { title, request, servers, ratios }) {
  const name = process.env.TRESTLE_SERVE
  if (name !== undefined) return serve(servers[name])
  const nodes = [process.execPath, ...(existsSync(carried) && !process.execPath.includes(carried) ? [carried] : [])].filter(
    (path) => !process.env.ONLY_NODE || path === (process.env.ONLY_NODE === 'own' ? process.execPath : carried),
  )
  for (const node of nodes) await runOn(node, fileURLToPath(file), { title, request, servers, ratios })
}

async function serve(start) {
  const server = await start()
  const port = typeof server === 'number' ? server : await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
  process.send({ port, version: process.version })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpu: user + system })
  })
}

async function runOn(node, file, { title, request, servers, ratios }) {
  const names = Object.keys(servers)
  const children = {}
  let version
  for (const name of names) {
    const child = fork(file, [], { execPath: node, env: { ...process.env, TRESTLE_SERVE: name, NODE_ENV: 'production' } })
    const ready = await answer(child)
    version = ready.version
    children[name] = { child, port: ready.port, rates: [], costs: [] }
  }
  try {
    for (const name of names) await load({ port: children[name].port, request: requestOf(request, name), seconds: 1 })
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const entry = children[name]
        const before = await cpu(entry.child)
        const done = await load({ port: entry.port, request: requestOf(request, name), seconds })
        const after = await cpu(entry.child)
        entry.rates.push(done / seconds)
        entry.costs.push((after - before) / done)
      }
    }
  } finally {
    for (const { child } of Object.values(children)) child.kill()
  }
  console.log(`\n${title}, Node ${version}, ${rounds} rounds of ${seconds} s each, medians`)
  const best = Math.max(...names.map((name) => median(children[name].rates)))
  for (const name of names) {
    const { rates, costs } = children[name]
    console.log(
      `  ${name.padEnd(34)} ${String(Math.round(median(rates))).padStart(7)} /s  ${(median(rates) / best).toFixed(2)}  ${median(costs).toFixed(1).padStart(6)} µs of processor each`,
    )
  }
  for (const [ours, theirs, goal] of ratios) {
    const each = children[ours].rates.map((rate, round) => rate / children[theirs].rates[round])
    console.log(
      `  ${ours} / ${theirs}: ${median(each).toFixed(2)} (${Math.min(...each).toFixed(2)} to ${Math.max(...each).toFixed(2)})${goal ? `, goal ${goal}` : ''}`,
    )
  }
}

// One request for all, or one for each by name, where peers spell the same wish differently.
const requestOf = (request, name) => (typeof request === 'string' || Buffer.isBuffer(request) ? request : (request[name] ?? request.default))

const answer = (child) =>
  new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a server ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message)
    })
  })

async function cpu(child) {
  child.send('cpu')
  return (await answer(child)).cpu
}

function median(list) {
  const sorted = [...list].sort((one, two) => one - two)
  return sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2
}
