// Uses the package as others will get it: packed, installed into an empty folder beside Express, imported, required, and type-checked.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trestle-pack-'))
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version

const use = `
const app = express()
app.use(resource('contacts', { get: () => [{ name: 'Ann' }], '/:id': { get: ({ params }) => params } }))
const server = createServer(app).listen(0, '127.0.0.1', async () => {
  const response = await fetch('http://127.0.0.1:' + server.address().port + '/contacts/1.xml')
  server.close(async () => console.log(response.status, await response.text()))
})`

const typed = `import express from 'express'
import { type Mapper, badRequest, createServer, endpoint, filter, mix, problems, resource } from 'express-trestle'

const shout: Mapper = { name: 'shout', types: ['text/x-shout'], format: (data) => String(data).toUpperCase() }
const guard = filter((ctx, next) => (ctx.user ? next() : Promise.reject(badRequest())))
const people = { '/:id': { get: ({ params }: { params: { id: string } }) => params.id.length } }
const app = express()
app.use(resource('people', mix(people, { use: [guard], mappers: [shout] })))
app.use(resource('notes', {
  '/:id/:page': {
    put: endpoint({
      request: { body: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
      handler: ({ params, body }) => [params.id, params.page, body.text.length],
    }),
    // @ts-expect-error: there is no such parameter
    get: ({ params }) => params.other,
  },
}))
createServer(app.use(problems()), { closeTimeout: 5 }).close()
`

try {
  const [{ filename, files, size }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root))
  const paths = files.map(({ path }) => path)
  for (const path of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts'])
    if (!paths.includes(path)) throw new Error(`${path} is not in the package`)
  const stray = paths.filter((path) => !/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path))
  if (stray.length > 0) throw new Error(`in the package, but not of it: ${stray.join(', ')}`)

  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const beside = ['express', '@types/express', '@types/node'].map((name) => `${name}@${versionOf(name)}`)
  run('npm', ['install', '--no-audit', '--no-fund', '--silent', `./${filename}`, ...beside])

  writeFileSync(join(folder, 'app.mjs'), `import express from 'express'\nimport { createServer, resource } from 'express-trestle'${use}`)
  writeFileSync(join(folder, 'app.cjs'), `const express = require('express')\nconst { createServer, resource } = require('express-trestle')${use}`)
  for (const app of ['app.mjs', 'app.cjs']) {
    const output = run(process.execPath, [app])
    if (!/^200 <\?xml.*<id[^>]*>1<\/id>/.test(output)) throw new Error(`${app} printed ${output}`)
  }

  writeFileSync(join(folder, 'app.ts'), typed)
  const compilerOptions = { target: 'ES2022', module: 'NodeNext', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: ['node'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
  run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
  console.log(`${filename}, ${Math.round(size / 1024)} kB: imported, required, type-checked.`)
} catch (error) {
  console.error(error.stdout || error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
