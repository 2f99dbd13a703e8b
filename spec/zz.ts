import { type Filter, authorize, resource, mix, crud, memory, only } from '../lib/index.js'
declare const filters: readonly Filter[]
declare const mutable: Filter[]
declare const x: never
resource('a', { use: [...filters, authorize(x)], get: () => 1 })
resource('a', { use: [...mutable, authorize(x)], get: () => 1 })
resource('a', { use: filters, get: () => 1 })
resource('a', { use: mutable, get: () => 1 })
resource('a', { '/x': { use: [...filters, authorize(x)], get: () => 1 } })
resource('a', { use: only([...filters]), get: () => 1 })
resource('a', { use: [authorize(x), ...filters], get: () => 1, '/:id': { use: [...filters], get: ({ params }) => params.id } })
resource('a', mix(crud(memory([], {} as never)), { use: [...filters] }))
const def = { use: [...filters, authorize(x)], get: () => 1 }
resource('b', def)
resource('b', { use: [...filters, 'x'], get: () => 1 })
