// Databases: SQLite always, PostgreSQL and MariaDB where POSTGRES_URL and MARIADB_URL lead to them. Each spec file has a place of its own there.
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Options, Sequelize } from 'sequelize'

/** A kind of database that a spec runs on. */
export interface Database {
  readonly name: string
  /** Opens an empty place in it. @param place lower-case letters and _; no other spec file has the same */
  open(place: string, options?: Options): Promise<Opened>
}

/** An open place, and its end. */
export interface Opened {
  readonly sequelize: Sequelize
  /** The same place as another process sees it; another one for SQLite in memory. Whoever opens it closes it. */
  another(): Sequelize
  close(): Promise<void>
}

// Sequelize writes into the options it is given.
const quiet: Readonly<Options> = { logging: false }

const memory: Database = {
  name: 'SQLite',
  async open(_place, options) {
    const another = (): Sequelize => new Sequelize({ dialect: 'sqlite', storage: ':memory:', ...quiet, ...options })
    const sequelize = another()
    return { sequelize, another, close: () => sequelize.close() }
  },
}

const file: Database = {
  name: 'SQLite in a file',
  async open(place, options) {
    const storage = join(tmpdir(), `trestle-${place}-${process.pid}.sqlite`)
    await rm(storage, { force: true })
    const another = (): Sequelize => new Sequelize({ dialect: 'sqlite', storage, ...quiet, ...options })
    const sequelize = another()
    return {
      sequelize,
      another,
      async close() {
        await sequelize.close()
        await rm(storage, { force: true })
      },
    }
  },
}

// A server gives each place a database of its own.
const server = (name: string, url: string, dialect: 'postgres' | 'mariadb', dropped = ''): Database => ({
  name,
  async open(place, options) {
    const outside = new Sequelize(url, { dialect, ...quiet })
    await outside.query(`DROP DATABASE IF EXISTS ${place}${dropped}`)
    await outside.query(`CREATE DATABASE ${place}`)
    const inside = new URL(url)
    inside.pathname = `/${place}`
    const another = (): Sequelize => new Sequelize(inside.href, { dialect, ...quiet, ...options })
    const sequelize = another()
    return {
      sequelize,
      another,
      async close() {
        await sequelize.close()
        await outside.query(`DROP DATABASE ${place}${dropped}`)
        await outside.close()
      },
    }
  },
})

const { POSTGRES_URL, MARIADB_URL } = process.env

/** All that can be reached, SQLite in memory first. */
export const databases: readonly Database[] = [
  memory,
  file,
  ...(POSTGRES_URL ? [server('PostgreSQL', POSTGRES_URL, 'postgres', ' WITH (FORCE)')] : []),
  ...(MARIADB_URL ? [server('MariaDB', MARIADB_URL, 'mariadb')] : []),
]

const left = [...(POSTGRES_URL ? [] : ['PostgreSQL (POSTGRES_URL)']), ...(MARIADB_URL ? [] : ['MariaDB (MARIADB_URL)'])]
if (left.length > 0) console.warn(`Left out, because no URL is set: ${left.join(', ')}.`)
