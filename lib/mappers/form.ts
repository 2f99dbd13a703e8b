// Form.
import type { Mapper } from '../mapper.js'
export const form: Mapper = { name: 'form', types: ['application/x-www-form-urlencoded'], parse: (t) => Object.fromEntries(new URLSearchParams(t)) }
