// CSV (RFC 4180): a table of rows out, a list of objects in, every value a text. The columns are those of the JSON Schema where there is one.
import { CsvError, parse as parseCsv } from 'csv-parse/sync'
import { parseJson } from '../json.js'
import type { FormatContext, Mapper, ParseContext } from '../mapper.js'
import { badRequest, contentTooLarge } from '../problem.js'

/** How CSV is read and written. */
export interface CsvOptions {
  /** What stands between cells, one character. @default ',' */
  delimiter?: string
  /** Starts what is written with a byte order mark, which some spreadsheets need to see that it is UTF-8. @default false */
  bom?: boolean
  /** Writes an apostrophe before a text that a spreadsheet would run as a formula, and takes it away when reading. @default true */
  defuse?: boolean
  /** The most columns that are read. @default 1000 */
  maxColumns?: number
  /** The most characters of a row that is read. @default 131072 */
  maxRowSize?: number
}

/** A CSV mapper with options of your own. @example mappers: [json, csvWith({ delimiter: ';', bom: true })] */
export function csvWith({ delimiter = ',', bom = false, defuse = true, maxColumns = 1000, maxRowSize = 131_072 }: CsvOptions = {}): Mapper {
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) throw new TypeError(`csvWith(): 'delimiter' is one character, not ${JSON.stringify(delimiter)}.`)
  const table = { delimiter, bom, defuse, maxColumns, maxRowSize }
  return {
    name: 'csv',
    types: ['text/csv'],
    untyped: true,
    parse: (text, context) => readTable(text, context, table),
    format: (data, context) => formatTable(data, context, table),
    formatRows: (rows, context) => formatRows(rows, context, table),
  }
}

/** CSV as it comes out of the box. */
export const csv: Mapper = csvWith()

type Table = Required<CsvOptions>
type Row = Record<string, unknown>

// Rows in.

function readTable(text: string, { parameters, schema }: ParseContext, table: Table): unknown {
  const records = parseRecords(text, table)
  const item = rowSchema(schema)
  const header = parameters.header?.toLowerCase() === 'absent' ? columnsOf(item) : records.shift()
  if (!header) return records
  if (new Set(header).size < header.length) throw badRequest('Two columns have the same name.')
  if (header.includes('__proto__')) throw badRequest('There is a column that is not taken: __proto__.')
  if (records[0] && records[0].length !== header.length) throw badRequest(`A row has ${header.length} cells, not ${records[0].length}.`)
  const nested = new Set(header.filter((name) => isNested(propertiesOf(item)?.[name])))
  const rows = records.map((cells) => readRow(cells, header, nested, table))
  return typesOf(schema).includes('object') && rows.length === 1 ? rows[0] : rows
}

function parseRecords(text: string, { delimiter, maxColumns, maxRowSize }: Table): string[][] {
  try {
    return parseCsv(text, {
      delimiter,
      bom: true,
      skip_empty_lines: true,
      max_record_size: maxRowSize,
      on_record: (cells: string[]) => {
        if (cells.length > maxColumns) throw contentTooLarge(`A row has more than ${maxColumns} cells.`)
        return cells
      },
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw contentTooLarge(`A row is longer than ${maxRowSize} characters.`, { cause: error })
    throw badRequest(`This is no CSV: ${error.message.slice(0, 200)}`, { cause: error })
  }
}

function readRow(cells: readonly string[], header: readonly string[], nested: ReadonlySet<string>, { defuse }: Table): Row {
  return Object.fromEntries(
    header.map((name, index) => {
      const cell = cells[index] as string
      const text = defuse && defused.test(cell) ? cell.slice(1) : cell
      return [name, nested.has(name) && /^[[{]/.test(text) ? parseJson(text, cellDepth) : text]
    }),
  )
}

const cellDepth = 20
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const formula = /^'*[=+\-@\t\r]/
const defused = /^'+[=+\-@\t\r]/

// Rows out.

function formatTable(data: unknown, { schema }: FormatContext, table: Table): string {
  const rows = rowsOf(data)
  const columns = columnsOf(rowSchema(schema)) ?? (rows.length > 0 ? columnsIn(rows[0]) : undefined)
  return (columns ? formatHeader(columns, table) : '') + rows.map((row) => formatRow(row, columns, table)).join('')
}

async function* formatRows(rows: AsyncIterable<unknown>, { schema }: FormatContext, table: Table): AsyncGenerator<string> {
  let columns = columnsOf(rowSchema(schema))
  let header = columns && formatHeader(columns, table)
  for await (const row of rows) {
    if (header === undefined) {
      columns = columnsIn(row)
      header = formatHeader(columns, table)
    }
    yield header + formatRow(row, columns, table)
    header = ''
  }
  if (header) yield header
}

// A list, the list in the envelope of a collection, or one row.
function rowsOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data
  return isRow(data) && Array.isArray(data.objects) ? data.objects : [data]
}

function columnsIn(row: unknown): readonly string[] {
  return isRow(row) ? Object.keys(row) : [scalar]
}

// The column of rows that are no objects.
const scalar = 'value'

function formatHeader(columns: readonly string[], table: Table): string {
  return (table.bom ? '\ufeff' : '') + formatLine(columns, table)
}

function formatRow(row: unknown, columns: readonly string[] = [scalar], table: Table): string {
  return formatLine(isRow(row) ? columns.map((name) => (Object.hasOwn(row, name) ? row[name] : undefined)) : [row], table)
}

function formatLine(values: readonly unknown[], table: Table): string {
  // A line with nothing on it would be no row.
  return `${values.map((value) => formatCell(value, table)).join(table.delimiter) || '""'}\r\n`
}

function formatCell(value: unknown, { delimiter, defuse }: Table): string {
  if (value === undefined || value === null) return ''
  let cell = typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (defuse && typeof value !== 'number' && formula.test(cell) && !number.test(cell)) cell = `'${cell}`
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

function isRow(data: unknown): data is Row {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

// What the schema says of a row: of a list, of the list in an envelope, or of one object.

function rowSchema(schema: unknown): unknown {
  if (!isRow(schema)) return undefined
  if (isRow(schema.items)) return schema.items
  const objects = propertiesOf(schema)?.objects
  return isRow(objects) && isRow(objects.items) ? objects.items : schema
}

function propertiesOf(schema: unknown): Row | undefined {
  return isRow(schema) && isRow(schema.properties) ? schema.properties : undefined
}

function columnsOf(schema: unknown): readonly string[] | undefined {
  const properties = propertiesOf(schema)
  return properties && Object.keys(properties)
}

function isNested(schema: unknown): boolean {
  return typesOf(schema).some((type) => type === 'object' || type === 'array')
}

function typesOf(schema: unknown): unknown[] {
  return isRow(schema) ? [schema.type].flat() : []
}
