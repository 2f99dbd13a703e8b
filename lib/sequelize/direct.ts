// Direct: a statement that only reads goes to the driver over one of Sequelize's own connections. Sequelize's way around a statement
// (options laid over options, retries, a stack trace for each) costs several times the statement itself.
import { QueryTypes, type Sequelize } from 'sequelize'

/** A row as the driver gives it. */
type Raw = Record<string, unknown>

type Run = (connection: never, sql: string) => Promise<Raw[]>

const drivers: Readonly<Record<string, Run>> = {
  sqlite: (connection: { all(sql: string, done: (error: Error | null, rows: Raw[]) => void): void }, sql) =>
    new Promise((resolve, reject) => connection.all(sql, (error, rows) => (error ? reject(error) : resolve(rows)))),
  postgres: async (connection: { query(sql: string): Promise<{ rows: Raw[] }> }, sql) => (await connection.query(sql)).rows,
  mariadb: (connection: { query(sql: string): Promise<Raw[]> }, sql) => connection.query(sql),
}

interface Insides {
  readonly connectionManager: { getConnection(options: object): Promise<never>; releaseConnection(connection: never): unknown }
  readonly dialect: {
    readonly Query: new (connection: unknown, sequelize: Sequelize, options: object) => { formatError(error: unknown, stack?: string): Error }
  }
  readonly options: { readonly benchmark?: boolean }
  log(sql: string, took?: number): void
}

/**
 * Runs a statement that only reads, outside of any transaction. It is logged as Sequelize logs. Where SQLite is busy, or somebody listens
 * to statements by hooks, or a transaction is carried along behind the scenes (CLS), it goes Sequelize's own way, with its retries.
 */
export async function readDirect(sequelize: Sequelize, sql: string): Promise<Raw[]> {
  const run = drivers[sequelize.getDialect()]
  if (run && !sequelize.hasHook('beforeQuery') && !sequelize.hasHook('afterQuery') && !hasCls(sequelize)) {
    const { connectionManager, dialect, options } = sequelize as unknown as Insides
    const connection = await connectionManager.getConnection({ type: QueryTypes.SELECT })
    try {
      const log = (took?: number): void => (sequelize as unknown as Insides).log(`Execut${took === undefined ? 'ing' : 'ed'} (default): ${sql}`, took)
      if (!options.benchmark) log()
      const start = Date.now()
      const rows = await run(connection, sql)
      if (options.benchmark) log(Date.now() - start)
      return rows
    } catch (error) {
      // Sequelize tries again where somebody else is writing; everything else is told in its words.
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw new dialect.Query(connection, sequelize, {}).formatError(error, (error as Error).stack)
    } finally {
      connectionManager.releaseConnection(connection)
    }
  }
  return readBySequelize(sequelize, sql)
}

/** Runs a statement that only reads as Sequelize does, in a transaction where there is one. */
export function readBySequelize(sequelize: Sequelize, sql: string, transaction?: unknown): Promise<Raw[]> {
  // Without the names of tables, Sequelize asks SQLite for the types of all columns before each statement.
  return sequelize.query(sql, { type: QueryTypes.SELECT, raw: true, tableNames: [], transaction } as never) as unknown as Promise<Raw[]>
}

function hasCls(sequelize: Sequelize): boolean {
  return (sequelize.constructor as unknown as { _cls?: unknown })._cls !== undefined
}
