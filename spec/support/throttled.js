// Throttled: a process of its own that serves /limited, 100 requests a minute counted in a store. Prints its port. For specs about several processes.
// node throttled.js ioredis|redis|pg <url of the store> <name of the budget>
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createViteServer } from 'vitest/node'

const [client, url, name] = process.argv.slice(2)
const load = createRequire(import.meta.url)

async function connect() {
  if (client === 'ioredis') return { redis: new (load('ioredis').Redis)(url) }
  if (client === 'redis') return { redis: await load('redis').createClient({ url }).connect() }
  return { postgres: new (load('pg').Pool)({ connectionString: url }) }
}

const vite = await createViteServer({ configFile: false, server: { middlewareMode: true, ws: false }, appType: 'custom', logLevel: 'error' })
const { resource } = await vite.ssrLoadModule('/lib/resource.ts')
const { throttle } = await vite.ssrLoadModule('/lib/filters/throttle.ts')
const { default: express } = await import('express')

const store = await connect()
if (client === 'ioredis') await once(store.redis, 'ready')
const app = express()
app.use(resource('limited', { use: [throttle({ name, limit: 100, window: 60, store, storeTimeout: 10_000 })], get: () => 'in' }))
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
