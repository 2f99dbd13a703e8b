// Turn: SQLite has one writer. Where two transactions at once would fail with SQLITE_BUSY, they wait for one another here.
import type { Options, Sequelize } from 'sequelize'
import { serviceUnavailable } from '../problem.js'

const tails = new WeakMap<Sequelize, Promise<unknown>>()

/**
 * Runs some work when all work before it is done; on other databases at once. All stores of one Sequelize instance stand in one line.
 * @throws Problem 503 where that takes longer than the pool's `acquire` time, as for any other database whose connections are all taken
 */
export function inTurn<T>(sequelize: Sequelize, work: () => Promise<T>): Promise<T> {
  if (sequelize.getDialect() !== 'sqlite') return work()
  const before = tails.get(sequelize) ?? Promise.resolve()
  const patience = optionsOf(sequelize).pool?.acquire ?? 60_000
  let gaveUp = false
  const started = before.then(() => (gaveUp ? undefined : { done: work() }))
  tails.set(
    sequelize,
    started.then((run) => run?.done).catch(() => undefined),
  )
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      gaveUp = true
      reject(serviceUnavailable('The database is busy.', { retryAfter: 1 }))
    }, patience)
    started.then((run) => {
      clearTimeout(timer)
      run?.done.then(resolve, reject)
    }, reject)
  })
}

/**
 * Runs a statement that only reads. All users of SQLite in memory share one connection, so that it would see into a transaction that is not over;
 * there it waits as well.
 */
export function readInTurn<T>(sequelize: Sequelize, work: () => Promise<T>): Promise<T> {
  const { storage, host } = optionsOf(sequelize)
  return sequelize.getDialect() === 'sqlite' && (storage ?? host ?? ':memory:') === ':memory:' ? inTurn(sequelize, work) : work()
}

const optionsOf = (sequelize: Sequelize): Options => (sequelize as unknown as { options: Options }).options
