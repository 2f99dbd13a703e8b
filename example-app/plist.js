// Property lists, the XML format of Apple's systems: a mapper of the application's own, both ways.
// Of a document type only Apple's own line is let through, so there are no entities to declare and nothing is ever fetched.

const doctype = '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">'
const deepest = 100

export const plist = {
  name: 'plist',
  types: ['application/x-plist'],
  parse: (text) => new Reader(text).document(),
  format: (data) => `<?xml version="1.0" encoding="UTF-8"?>\n${doctype}\n<plist version="1.0">${write(data)}</plist>\n`,
}

// A property list has no null: members that are null are left out, and elsewhere it is an empty text.
function write(data) {
  if (typeof data?.toJSON === 'function' && !(data instanceof Date) && !(data instanceof Uint8Array)) return write(data.toJSON())
  if (data === null || data === undefined) return '<string></string>'
  if (data instanceof Date) return `<date>${data.toISOString().replace(/\.\d+/, '')}</date>`
  if (data instanceof Uint8Array) return `<data>${Buffer.from(data).toString('base64')}</data>`
  if (Array.isArray(data)) return `<array>${data.map(write).join('')}</array>`
  switch (typeof data) {
    case 'boolean':
      return data ? '<true/>' : '<false/>'
    case 'bigint':
      return `<integer>${data}</integer>`
    case 'number':
      return Number.isSafeInteger(data) ? `<integer>${data}</integer>` : `<real>${data}</real>`
    case 'string':
      return `<string>${escapeText(data)}</string>`
    case 'object':
      return `<dict>${Object.entries(data)
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([key, value]) => `<key>${escapeText(key)}</key>${write(value)}`)
        .join('')}</dict>`
    default:
      throw new TypeError(`A property list cannot hold a ${typeof data}.`)
  }
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

// XML has no way to write most control characters.
function escapeText(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.toWellFormed().replace(/[&<>\r]|[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, (letter) => entities[letter] ?? '\ufffd')
}

const letters = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeText(text) {
  return text.replace(/\r\n?/g, '\n').replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));|&/gi, (whole, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined
    if (code !== undefined && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code)
    if (name && Object.hasOwn(letters, name)) return letters[name]
    throw new SyntaxError(`The property list has ${whole} where a letter goes.`)
  })
}

class Reader {
  #text
  #at = 0

  constructor(text) {
    this.#text = text
  }

  document() {
    this.#take(/<\?xml[^?<>]*\?>/y)
    this.#space()
    if (this.#text.startsWith(doctype, this.#at)) this.#at += doctype.length
    this.#space()
    this.#expect(/<plist(?:\s+version="1\.0")?\s*>/y, '<plist>')
    const data = this.#value(0)
    this.#space()
    this.#expect(/<\/plist\s*>/y, '</plist>')
    this.#space()
    if (this.#at < this.#text.length) throw new SyntaxError('The property list goes on after its end.')
    return data
  }

  #value(depth) {
    if (depth > deepest) throw new SyntaxError(`The property list is nested more than ${deepest} levels deep.`)
    this.#space()
    const [, name, empty] = this.#expect(/<(dict|array|string|integer|real|true|false|date|data)\s*(\/?)>/y, 'a value')
    if (name === 'dict') return empty ? {} : this.#dict(depth)
    if (name === 'array') return empty ? [] : this.#array(depth)
    const text = empty ? '' : this.#textOf(name)
    switch (name) {
      case 'string':
        return text
      case 'true':
      case 'false':
        if (text.trim() === '') return name === 'true'
        break
      case 'integer':
        if (/^\s*[+-]?\d+\s*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
        break
      case 'real':
        if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
        break
      case 'date':
        if (!Number.isNaN(Date.parse(text))) return text.trim()
        break
      default:
        if (/^[A-Za-z\d+/=\s]*$/.test(text)) return Buffer.from(text, 'base64')
    }
    throw new SyntaxError(`The property list has something else than ${name} in <${name}>.`)
  }

  #dict(depth) {
    const members = []
    for (this.#space(); !this.#take(/<\/dict\s*>/y); this.#space()) {
      this.#expect(/<key>/y, '<key>')
      const key = this.#textOf('key')
      if (key === '__proto__') throw new SyntaxError('The property list has a key that is not taken: __proto__.')
      members.push([key, this.#value(depth + 1)])
    }
    return Object.fromEntries(members)
  }

  #array(depth) {
    const items = []
    for (this.#space(); !this.#take(/<\/array\s*>/y); this.#space()) items.push(this.#value(depth + 1))
    return items
  }

  #textOf(name) {
    const [text] = this.#take(/[^<]+/y) ?? ['']
    this.#expect(new RegExp(`</${name}\\s*>`, 'y'), `</${name}>`)
    return unescapeText(text)
  }

  // White space and comments.
  #space() {
    while (this.#take(/\s+|<!--(?:(?!--)[\s\S])*?-->/y));
  }

  #take(pattern) {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found) this.#at = pattern.lastIndex
    return found
  }

  #expect(pattern, what) {
    const found = this.#take(pattern)
    if (!found) throw new SyntaxError(`The property list has ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))} where ${what} goes.`)
    return found
  }
}
