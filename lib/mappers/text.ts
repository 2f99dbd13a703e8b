// Plain text.
import type { Mapper } from '../mapper.js'
export const text: Mapper = { name: 'text', types: ['text/plain'], problemType: 'text/plain', parse: (t) => t, format: (data) => String(data) }
