// Mappers: the formats of whoever names none.
import type { Mapper } from './mapper.js'
import { form } from './mappers/form.js'
import { json } from './mappers/json.js'
import { text } from './mappers/text.js'
import { xml } from './mappers/xml.js'

/**
 * The formats of a resource that names none: JSON first, then text, XML and forms.
 * @example resource('contacts', { mappers: [...mappers, csv], get: list })
 */
export const mappers: readonly Mapper[] = [json, text, xml, form]
