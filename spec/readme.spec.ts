// Runs what the README and the guide pages show. The info string of a block says how:
//   js server   executed as a module; the server it starts on port 3000 is the one that the next `console` blocks ask
//   js          executed as a module
//   console     each line after `$ ` is run in bash, and must print the lines below it; the Date field may differ
// The README has no blocks of another kind. UPDATE_DOCS=1 writes what was printed into the pages.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Express } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import * as trestle from '../lib/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
const servers: Server[] = []

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

// The library, but its servers take a free port instead of 3000.
const library = {
  ...trestle,
  createServer(app: Express, options?: trestle.TrestleServerOptions) {
    const server = trestle.createServer(app, options)
    const listen = server.listen.bind(server)
    server.listen = () => listen({ port: 0, host: '127.0.0.1' })
    servers.push(server)
    return server
  },
}

async function execute(code: string): Promise<void> {
  const imported = code.replace(/^import (?:(\w+)|\{([^}]*)\}) from '([^']+)'$/gm, (_, whole, names, from) => {
    const pattern = whole ? `{ default: ${whole} }` : `{${names.replaceAll(' as ', ': ')}}`
    return `const ${pattern} = await load(${JSON.stringify(from)})`
  })
  const Module = Object.getPrototypeOf(execute).constructor
  await new Module('load', imported)((name: string) => (name === 'express-trestle' ? library : import(/* @vite-ignore */ name)))
}

async function run(command: string): Promise<string> {
  const server = servers.at(-1) as Server
  if (!server.listening) await once(server, 'listening')
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('localhost:3000', at)], { cwd: root })
  return stdout.replaceAll('\r', '').replaceAll(at, 'localhost:3000').trimEnd()
}

const undated = (text: string) => text.replace(/^Date: .*$/gm, 'Date: …')

/** Commands and what each printed. */
function dialogue(text: string): { command: string; printed: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), printed: part.slice(end + 1).trimEnd() }
    })
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(root + page, 'utf8')
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, kind = '', code = '']) => ({ kind, code }))
  const updates: [before: string, after: string][] = []

  for (const { kind, code } of blocks) {
    const title = code.split('\n').find((line) => line && !line.startsWith('import ')) ?? ''
    if (kind === 'js' || kind === 'js server') {
      it(`runs: ${title}`, async () => {
        const before = servers.length
        await execute(code)
        expect(servers.length - before, 'servers started').toBe(kind === 'js' ? 0 : 1)
      })
    } else if (kind === 'console') {
      for (const { command, printed } of dialogue(code)) {
        it(`prints what it says: ${command}`, async () => {
          const output = await run(command)
          if (process.env.UPDATE_DOCS && undated(output) !== undated(printed))
            updates.push([`$ ${command}\n${printed && `${printed}\n`}`, `$ ${command}\n${output && `${output}\n`}`])
          else expect(undated(output)).toBe(undated(printed))
        })
      }
    } else if (page === 'README.md') {
      it(`has a block whose kind says how it is run: ${kind}`, () => expect(['js', 'js server', 'console']).toContain(kind))
    }
  }

  if (process.env.UPDATE_DOCS) {
    it('is written anew', () => {
      let done = ''
      let rest = text
      for (const [before, after] of updates) {
        const at = rest.indexOf(before)
        done += rest.slice(0, at) + after
        rest = rest.slice(at + before.length)
      }
      writeFileSync(root + page, done + rest)
    })
  }

  it('links only to pages that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => new URL(link as string, `file://${root}${page}`))
    for (const link of links) expect(() => readFileSync(link)).not.toThrow()
  })
})
