// Sequelize models keep the contract of stores, on every database.
import { DataTypes, type Sequelize } from 'sequelize'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Store } from '../../lib/store.js'
import { schemas, storeContract } from '../contracts/store.js'
import { databases } from '../support/databases.js'

export function library(sequelize: Sequelize) {
  const plain = { timestamps: false }
  const Author = sequelize.define('Author', { name: { type: DataTypes.STRING(100), allowNull: false }, country: DataTypes.STRING(100) }, plain)
  const Book = sequelize.define(
    'Book',
    {
      title: { type: DataTypes.STRING(200), allowNull: false },
      isbn: { type: DataTypes.STRING(20), unique: true },
      pages: DataTypes.INTEGER,
      rating: DataTypes.DOUBLE,
      sold: DataTypes.BIGINT,
      price: DataTypes.DECIMAL(10, 2),
      published: DataTypes.DATEONLY,
      added: DataTypes.DATE(3),
      available: DataTypes.BOOLEAN,
      token: DataTypes.UUID,
      binding: { type: DataTypes.ENUM('paper', 'cloth', 'audio'), allowNull: false, defaultValue: 'paper' },
    },
    { ...plain, version: true },
  )
  const Seat = sequelize.define(
    'Seat',
    { row: { type: DataTypes.INTEGER, primaryKey: true }, seat: { type: DataTypes.INTEGER, primaryKey: true }, holder: DataTypes.STRING(100) },
    plain,
  )
  Author.hasMany(Book, { as: 'books', foreignKey: 'authorId' })
  Book.belongsTo(Author, { as: 'author', foreignKey: 'authorId' })
  return { Author, Book, Seat }
}

for (const database of databases) {
  storeContract(database.name, async () => {
    const { sequelize, close } = await database.open('spec_store')
    const { Author, Book, Seat } = library(sequelize)
    await sequelize.sync()
    const authors: Store = modelStore(Author, { relations: { books: () => books } })
    const books: Store = modelStore(Book, { only: Object.keys(schemas.books.properties), relations: { author: authors } })
    const seats = modelStore(Seat)
    return {
      authors,
      books,
      seats,
      async clear() {
        for (const model of [Book, Author, Seat]) await model.destroy({ where: {} })
      },
      close,
    }
  })
}
