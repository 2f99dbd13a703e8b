// Logs into PostgreSQL, MariaDB and Redis under their URLs, and makes the database of the URL where it is missing.
import { once } from 'node:events'
import { connect } from 'node:net'
import mariadb from 'mariadb'
import pg from 'pg'

const { POSTGRES_URL, MARIADB_URL, REDIS_URL } = process.env

const checks = {
  PostgreSQL: async () => {
    const url = new URL(POSTGRES_URL)
    const database = url.pathname.slice(1)
    url.pathname = '/postgres'
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`)
    await client.end()
  },
  MariaDB: async () => {
    const { hostname, port, username, password, pathname } = new URL(MARIADB_URL)
    const connection = await mariadb.createConnection({ host: hostname, port: Number(port), user: username, password, connectTimeout: 5000 })
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${connection.escapeId(pathname.slice(1))}`)
    await connection.end()
  },
  Redis: async () => {
    const { hostname, port } = new URL(REDIS_URL)
    const socket = connect(Number(port), hostname)
    socket.end('PING\r\n')
    const [answer] = await once(socket, 'data')
    if (!String(answer).startsWith('+PONG')) throw new Error(`it says ${answer}`)
  },
}

for (const [name, check] of Object.entries(checks)) {
  try {
    await check()
    console.log(`${name} is there.`)
  } catch (error) {
    console.error(`${name} cannot be reached: ${error.message}`)
    process.exitCode = 1
  }
}
