// Fault: one thing that is wrong with data, and how what validators say becomes a list of them.

/** One thing that is wrong with data. */
export interface Fault {
  /** Where, as a JSON Pointer (RFC 6901) into the data. */
  readonly pointer: string
  /** Which rule: a keyword of JSON Schema, or the code of another validator. */
  readonly code: string
  /** A sentence for people. */
  readonly detail: string
}

/** One fault that a Standard Schema found. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What ajv says of one fault. */
export interface AjvError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message?: string
}

// A list of half a million wrong items has as many faults; nobody reads them, and sorting them takes its time.
const mostLooked = 1000

/** The faults behind the errors of ajv, sorted, each told once. */
export function faultsOfErrors(errors: readonly AjvError[]): Fault[] {
  const looked = errors.length > mostLooked ? errors.slice(0, mostLooked) : errors
  const faults = looked.filter(({ keyword }) => keyword !== 'if').map(errorFault)
  const seen = new Set<string>()
  return sorted(
    faults.filter(({ pointer, code, detail }) => {
      const key = `${pointer} ${code} ${detail}`
      return !seen.has(key) && seen.add(key)
    }),
  )
}

// The pointer leads to the member that is missing or too much, not to the object around it.
function errorFault({ instancePath, keyword, params, message }: AjvError): Fault {
  const { missingProperty, additionalProperty, unevaluatedProperty, propertyName, allowedValues } = params as Record<string, unknown>
  const member = missingProperty ?? additionalProperty ?? unevaluatedProperty ?? propertyName
  const pointer = typeof member === 'string' ? `${instancePath}/${escaped(member)}` : instancePath
  if (missingProperty !== undefined) return { pointer, code: keyword, detail: 'is required' }
  if (additionalProperty !== undefined || unevaluatedProperty !== undefined) return { pointer, code: keyword, detail: 'is not known here' }
  if (keyword === 'false schema') return { pointer, code: 'false', detail: 'is not allowed here' }
  if (Array.isArray(allowedValues))
    return { pointer, code: keyword, detail: `must be one of ${allowedValues.map((value) => JSON.stringify(value)).join(', ')}` }
  return { pointer, code: keyword, detail: message ?? 'is wrong' }
}

/** The faults behind the issues of a Standard Schema, sorted. */
export function faultsOfIssues(issues: readonly StandardIssue[]): Fault[] {
  return sorted(issues.slice(0, mostLooked).map(issueFault))
}

function issueFault({ message, path = [], code }: StandardIssue & { code?: unknown }): Fault {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return { pointer: keys.map((key) => `/${escaped(key)}`).join(''), code: typeof code === 'string' ? code : 'invalid', detail: message }
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

const collator = new Intl.Collator('en', { numeric: true })

// Positions in lists are numbers: the third comes before the tenth.
function sorted(faults: readonly Fault[]): Fault[] {
  return [...faults].sort((one, two) => collator.compare(one.pointer, two.pointer))
}
