// People: the table that collections are measured on, in SQLite (a file) or PostgreSQL.
import { DataTypes, Sequelize } from 'sequelize'

/** The databases to measure on: SQLite always, PostgreSQL where POSTGRES_URL is set. */
export const databases = {
  sqlite: `sqlite:${process.env.BENCH_FILE ?? '/tmp/trestle-bench.sqlite'}`,
  ...(process.env.POSTGRES_URL && { postgres: process.env.POSTGRES_URL }),
}

/** A Sequelize instance and the model on it. */
export function open(url) {
  const sequelize = new Sequelize(url, { logging: false, pool: { max: 10, min: 10 } })
  const Person = sequelize.define(
    'person',
    {
      id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true },
      name: { type: DataTypes.STRING(100), allowNull: false },
      email: { type: DataTypes.STRING(100), allowNull: false },
      age: { type: DataTypes.INTEGER, allowNull: false },
      city: { type: DataTypes.STRING(60), allowNull: false },
      active: { type: DataTypes.BOOLEAN, allowNull: false },
    },
    { tableName: 'bench_people', timestamps: false, indexes: [{ fields: ['age', 'id'], name: 'bench_people_age' }] },
  )
  return { sequelize, Person }
}

/** Fills the table with so many rows, the same every time. */
export async function fill(url, count) {
  const { sequelize, Person } = open(url)
  await Person.sync({ force: true })
  const cities = ['Helsinki', 'Turku', 'Tampere', 'Oulu']
  for (let start = 0; start < count; start += 5000) {
    const rows = Array.from({ length: Math.min(5000, count - start) }, (_, index) => {
      const n = start + index + 1
      return { id: n, name: `Person number ${n}`, email: `person${n}@example.org`, age: (n * 7919) % 100, city: cities[n % 4], active: n % 3 !== 0 }
    })
    await Person.bulkCreate(rows)
  }
  if (url.startsWith('postgres')) await sequelize.query('ANALYZE bench_people')
  await sequelize.close()
}

/** Removes the table. */
export async function clear(url) {
  const { sequelize, Person } = open(url)
  await Person.drop()
  await sequelize.close()
}
