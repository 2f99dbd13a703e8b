// XML.
import type { Mapper } from '../mapper.js'
export const xml: Mapper = {
  name: 'xml',
  types: ['application/xml', 'text/xml'],
  problemType: 'application/problem+xml',
  suffix: '+xml',
  format: (data) => String(data),
}
