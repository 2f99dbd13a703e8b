// Testing: the subpath express-trestle/testing, what specs of applications need.
import { AssertionError } from 'node:assert'

/** As much of a Sequelize instance as is needed to watch it. */
export interface Watched {
  addHook(hook: 'afterQuery', name: string, listener: (options: never, query: { sql?: string }) => void): unknown
  removeHook(hook: 'afterQuery', name: string): unknown
}

let watchers = 0

/**
 * Holds some work to a number of queries, so that nobody adds one for each row unnoticed. All statements of the Sequelize instance count,
 * BEGIN and COMMIT too.
 *
 * @param expected the number, or `{ most: number }`
 * @example const list = await expectQueries(sequelize, { most: 4 }, () => fetch(`${base}/books?include=author,tags`))
 * @throws AssertionError with the queries, where there were others than expected
 */
export async function expectQueries<T>(sequelize: Watched, expected: number | { readonly most: number }, work: () => T | Promise<T>): Promise<T> {
  const queries: string[] = []
  const name = `expectQueries ${++watchers}`
  sequelize.addHook('afterQuery', name, (_options, { sql = '' }) => {
    queries.push(sql)
  })
  let result: T
  try {
    result = await work()
  } finally {
    sequelize.removeHook('afterQuery', name)
  }
  const right = typeof expected === 'number' ? queries.length === expected : queries.length <= expected.most
  if (right) return result
  const wanted = typeof expected === 'number' ? expected : `at most ${expected.most}`
  const list = queries.map((sql, index) => `${index + 1}. ${sql}`).join('\n')
  throw new AssertionError({
    message: `Expected ${wanted} queries, saw ${queries.length}:\n${list}`,
    actual: queries.length,
    expected,
    operator: 'expectQueries',
  })
}
