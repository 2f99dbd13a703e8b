// Errors: what a database refuses is told as a problem, once for all three. No text of SQL goes out, and nothing that a client can bring about is a 500.
import {
  BaseError,
  ConnectionError,
  DatabaseError,
  ForeignKeyConstraintError,
  OptimisticLockError,
  TimeoutError,
  UniqueConstraintError,
  ValidationError,
} from 'sequelize'
import { badRequest, conflict, Problem, serviceUnavailable } from '../problem.js'
import { type Check, compile } from '../schema.js'
import type { Row } from '../store.js'
import type { ObjectSchema } from '../value.js'
import { type AnyModel, factsOf } from './schema.js'

/** What is known where an error came up. */
export interface Attempt {
  readonly model: AnyModel
  readonly schema: ObjectSchema
  /** What was to be written, and the place of it: `/0`, or `''`. */
  readonly row?: Row | undefined
  readonly place?: string | undefined
}

/** One member of `errors`. */
interface Complaint {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

/** Runs some work; what the database or Sequelize refuses in it becomes a problem. Other errors stay what they are: bugs. */
export async function attempt<T>(about: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw problemFrom(error, about) ?? error
  }
}

/** The problem that an error of Sequelize's stands for; `undefined` for all others. @example problemFrom(error, { model: Book, schema }) */
export function problemFrom(error: unknown, about: Attempt): Problem | undefined {
  if (error instanceof Problem || !(error instanceof BaseError)) return undefined
  const facts = originalOf(error)
  const told = (complaints: readonly Complaint[]) => ({ cause: error, ...(complaints.length > 0 && { members: { errors: complaints } }) })
  // SQLite's other constraints come as unique ones too.
  const refused = facts.refused ?? refusalOf(facts)
  if (refused) return badRequest('The database does not take these values.', told(refusals(refused, facts, about)))
  if (error instanceof UniqueConstraintError) return conflict('Another row stands in the way.', told(clashes(error, about)))
  if (error instanceof ForeignKeyConstraintError) return dangling(error, facts, about, told)
  if (error instanceof OptimisticLockError) return conflict('Somebody else has changed it in the meantime.', { cause: error })
  if (error instanceof ValidationError) return badRequest('The values are not right.', told(invalid(error, about)))
  if (error instanceof ConnectionError || error instanceof TimeoutError || (error instanceof DatabaseError && isPassing(facts)))
    return serviceUnavailable('The database cannot be reached or is busy.', { cause: error, retryAfter: 1 })
  return undefined
}

/** What the driver said. */
interface Original {
  /** SQLSTATE of PostgreSQL, or the driver's word. */
  readonly code: string
  /** The number of MariaDB's errors. */
  readonly errno: number
  readonly message: string
  readonly column: string | undefined
  readonly fatal: boolean
  readonly refused?: string | undefined
}

function originalOf(error: BaseError): Original {
  const { code, errno, message, column, fatal } = ((error as { original?: unknown }).original ?? error) as Partial<Record<string, unknown>>
  return {
    code: String(code ?? ''),
    errno: Number(errno ?? 0),
    message: String(message ?? ''),
    column: typeof column === 'string' ? column : undefined,
    fatal: fatal === true,
  }
}

const refusedStates: Record<string, string> = {
  '23502': 'required',
  '23514': 'check',
  '23P01': 'exclusion',
  '22001': 'maxLength',
  '22003': 'range',
  '22007': 'format',
  '22008': 'range',
  '22021': 'format',
  '22P02': 'type',
  '22P05': 'format',
}
const refusedNumbers: Record<number, string> = {
  1048: 'required',
  1364: 'required',
  4025: 'check',
  1406: 'maxLength',
  1264: 'range',
  1265: 'type',
  1292: 'format',
  1366: 'type',
  3140: 'type',
  1411: 'format',
}

function refusalOf({ code, errno, message }: Original): string | undefined {
  if (/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code))
    return /NOT NULL constraint/.test(message) ? 'required' : /CHECK constraint/.test(message) ? 'check' : /^SQLITE_[MT]/.test(code) ? 'type' : undefined
  return refusedStates[code] ?? refusedNumbers[errno]
}

// Deadlocks, failed serialization, a server that is starting, stopping or full, a line that broke.
const passingStates =
  /^(40001|40P01|55P03|57014|57P0[1-5]|53\d{3}|08\w{3}|25P03|SQLITE_(BUSY|LOCKED)\w*|ECONN\w+|EPIPE|ETIMEDOUT|ESOCKET|PROTOCOL_CONNECTION_LOST)$/
const passingNumbers = new Set([1020, 1040, 1053, 1152, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1213, 1927, 1969, 2006, 2013])

function isPassing({ code, errno, message, fatal }: Original): boolean {
  return (
    passingStates.test(code) ||
    passingNumbers.has(errno) ||
    fatal ||
    /^Connection terminated|^Client has encountered a connection error|socket .*closed/i.test(message)
  )
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The attribute that stands behind a name of the database: a column, or a column of a table. */
function attributeOf({ model }: Attempt, name: string): string | undefined {
  const column = name.replace(/^.*\./, '').replace(/^["`]|["`]$/g, '')
  return Object.values(factsOf(model).rawAttributes).find(({ fieldName, field = fieldName }) => field === column)?.fieldName
}

// What is not in the schema is not told.
const pointed = (about: Attempt, names: readonly (string | undefined)[], code: string, detail: string): Complaint[] =>
  [...new Set(names)]
    .filter((name) => name !== undefined && Object.hasOwn(about.schema.properties, name))
    .map((name) => ({ pointer: `${about.place ?? ''}/${escaped(name as string)}`, code, detail }))

function clashes(error: UniqueConstraintError, about: Attempt): Complaint[] {
  const { primaryKeys, uniqueKeys, _indexes } = factsOf(about.model)
  const given = error.fields as Record<string, unknown> | readonly string[] | undefined
  const names = Array.isArray(given) ? given : Object.keys(given ?? {})
  // MariaDB gives the name of the index.
  const columns = names.flatMap((name) => {
    const index = name.replace(/^.*\./, '')
    if (index === 'PRIMARY') return Object.keys(primaryKeys)
    if (uniqueKeys[index]) return uniqueKeys[index].fields
    return _indexes.find((one) => one.name === index)?.fields.map((field) => (typeof field === 'string' ? field : field.name)) ?? [name]
  })
  return pointed(
    about,
    columns.map((column) => attributeOf(about, column)),
    'unique',
    'is taken',
  )
}

function dangling(error: ForeignKeyConstraintError, { message }: Original, about: Attempt, told: (complaints: readonly Complaint[]) => object): Problem {
  const { row } = about
  if (!row || /update or delete on table|parent row/.test(message)) return conflict('Other rows need this one.', { cause: error })
  const keys = Object.values(factsOf(about.model).rawAttributes).filter(({ references, fieldName }) => references !== undefined && row[fieldName] != null)
  const detail = /Key \(([^)]+)\)=/.exec(String((error.original as { detail?: unknown } | undefined)?.detail ?? ''))?.[1]
  const columns = Array.isArray(error.fields) ? error.fields : detail ? detail.split(', ') : []
  const names = columns.length > 0 ? columns.map((column) => attributeOf(about, column)) : keys.length === 1 ? [keys[0]?.fieldName] : []
  return conflict('It leads to a row that is not there.', told(pointed(about, names, 'reference', 'leads to nothing')))
}

const refusalDetails: Record<string, string> = {
  required: 'is required',
  check: 'is not allowed',
  exclusion: 'overlaps with another',
  maxLength: 'is too long',
  range: 'is out of range',
  format: 'is not well formed',
  type: 'is not of the right kind',
}

function refusals(code: string, { message, column }: Original, about: Attempt): Complaint[] {
  const { row, schema, place = '' } = about
  const named = column ?? /(?:column|Column|Field) '([^']+)'|NOT NULL constraint failed: (\S+)/.exec(message)?.slice(1).find(Boolean)
  const name = named === undefined ? undefined : attributeOf(about, named.replaceAll('`', ''))
  const detail = refusalDetails[code] as string
  if (name !== undefined) return pointed(about, [name], code, detail)
  if (code === 'check') {
    // A check has a name of its own; where it has that of a column in it, this is it.
    const constraint =
      /constraint "?`?([^"`\s]+)|CONSTRAINT `?(?:[^`.]*`?\.`?)*([^`\s]+)`? failed|CHECK constraint failed: (.+)$/.exec(message)?.slice(1).find(Boolean) ?? ''
    const meant = Object.keys(row ?? {}).filter((field) => new RegExp(`(^|[^A-Za-z])${field.replace(/\W/g, '.')}([^A-Za-z]|$)`).test(constraint))
    return pointed(about, meant, code, detail)
  }
  // PostgreSQL does not say which value was too long or too large; the schema does.
  const { faults = [] } = row ? (checkOf(schema)(row) as { faults?: readonly Complaint[] }) : {}
  return faults.map((fault) => ({ ...fault, pointer: place + fault.pointer }))
}

const checks = new WeakMap<ObjectSchema, Check>()

function checkOf(schema: ObjectSchema): Check {
  let check = checks.get(schema)
  if (!check) {
    check = compile({ ...schema, required: [] }, 'modelStore()')
    checks.set(schema, check)
  }
  return check
}

function invalid(error: ValidationError, about: Attempt): Complaint[] {
  return error.errors.flatMap(({ path, type, validatorKey, message }) => {
    const code = String(type ?? '').toLowerCase() === 'notnull violation' || validatorKey === 'is_null' ? 'required' : (validatorKey ?? 'invalid')
    const found = pointed(about, [path ?? undefined], code, code === 'required' ? 'is required' : message)
    // A rule of the whole row has a name where others have a field; its message is the application's own.
    return found.length > 0 || (path && Object.hasOwn(factsOf(about.model).rawAttributes, path))
      ? found
      : [{ pointer: about.place ?? '', code, detail: message }]
  })
}
