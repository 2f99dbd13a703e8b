// Tables: people with e-mail addresses, groups of people, messages to them, and a photo of each. SQLite in memory, or what DATABASE_URL names.
import { DataTypes, Sequelize } from 'sequelize'

const { DATABASE_URL } = process.env
export const sequelize = DATABASE_URL ? new Sequelize(DATABASE_URL, { logging: false }) : new Sequelize({ dialect: 'sqlite', logging: false })
const { BLOB, DATE, INTEGER, NOW, STRING, TEXT } = DataTypes
const text = (length, more) => ({ type: STRING(length), allowNull: false, ...more })

export const Person = sequelize.define(
  'person',
  {
    name: text(100, { validate: { len: [1, 100] } }),
    phone: text(31, { validate: { is: /^\+?[0-9 ]{3,30}$/ } }),
    city: STRING(60),
    version: { type: INTEGER, allowNull: false, defaultValue: 0 },
  },
  { timestamps: false, version: true },
)

export const Email = sequelize.define('email', { address: text(200, { unique: true, validate: { isEmail: true } }), label: STRING(20) }, { timestamps: false })
export const Circle = sequelize.define('circle', { name: text(60, { unique: true }) }, { timestamps: false })
export const Message = sequelize.define(
  'message',
  { text: { type: TEXT, allowNull: false }, sent: { type: DATE, allowNull: false, defaultValue: NOW } },
  { timestamps: false },
)
export const Photo = sequelize.define('photo', { type: text(50), bytes: { type: BLOB('medium'), allowNull: false } }, { timestamps: false })

Person.hasMany(Email, { as: 'emails', foreignKey: { name: 'personId', allowNull: false }, onDelete: 'CASCADE' })
Email.belongsTo(Person, { as: 'person', foreignKey: 'personId' })
Person.hasMany(Message, { as: 'messages', foreignKey: { name: 'personId', allowNull: false }, onDelete: 'CASCADE' })
Message.belongsTo(Person, { as: 'person', foreignKey: 'personId' })
Person.hasOne(Photo, { foreignKey: { name: 'personId', allowNull: false }, onDelete: 'CASCADE' })
Person.belongsToMany(Circle, { as: 'groups', through: 'membership', timestamps: false })
Circle.belongsToMany(Person, { as: 'members', through: 'membership', timestamps: false })

/** Makes the tables where they are missing, and puts a few people in where there are none. */
export async function prepare() {
  await sequelize.sync()
  if (await Person.count()) return
  const ann = await Person.create({ name: 'Ann Lee', phone: '+44 20 7946 0101', city: 'London' })
  const bo = await Person.create({ name: 'Bo Ek', phone: '+46 8 123 456 78', city: 'Stockholm' })
  await Email.create({ address: 'bo@example.com', label: 'work', personId: bo.id })
  const friends = await Circle.create({ name: 'friends' })
  await friends.addMembers([ann, bo])
}
