// Accounts: who may do what. Everybody reads; luke writes people and messages, leia only messages, and yoda is the administrator.
import { authenticate, authorize, basic, hashPassword, passwordCheck, permissionNames } from 'express-trestle'
import { permissions } from 'express-trestle/sequelize'
import { sequelize } from './tables.js'

export const tables = permissions(sequelize)
const { User, Group, Permission } = tables.models

/** Who is calling, and whether that is allowed. */
export const guarded = [
  authenticate(
    basic(
      passwordCheck((name) => User.findOne({ where: { name } })),
      { realm: 'Phone book' },
    ),
  ),
  authorize(tables),
]

export const passwords = { yoda: 'swamp', luke: 'x-wing', leia: 'alderaan' }

/** Makes the permissions of the resources, and the accounts where there are none. */
export async function prepareAccounts(resources) {
  await tables.sync(resources, { tables: true })
  if (await User.count()) return
  const grant = async (owner, names) => owner.setPermissions(await Permission.findAll({ where: { name: names } }))
  const user = async (name, more) => User.create({ name, passwordHash: await hashPassword(passwords[name]), ...more })
  const all = (...names) => names.flatMap((name) => permissionNames(name))
  await user('yoda', { superuser: true })
  await grant(await user('luke'), all('contacts', 'emails', 'messages', 'groups'))
  await grant(await user('leia'), permissionNames('messages'))
  await grant(
    await Group.create({ name: 'anonymous' }),
    ['contacts', 'emails', 'groups', 'messages'].flatMap((name) => permissionNames(name, ['get'])),
  )
}
