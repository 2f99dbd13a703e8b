import { DataTypes, Sequelize } from 'sequelize'
import { describe, expect, it } from 'vitest'
import { modelStore } from '../../lib/sequelize.js'

describe('a model of another copy of sequelize', () => {
  it('is refused when the store is made: its conditions would all fail later', () => {
    const own = new Sequelize({ dialect: 'sqlite', logging: false })
    const Thing = own.define('thing', { name: DataTypes.STRING })
    const foreign = Object.create(Thing, { sequelize: { value: { getDialect: () => 'sqlite' } } }) as typeof Thing
    expect(() => modelStore(Thing)).not.toThrow()
    expect(() => modelStore(foreign)).toThrow(/another copy of sequelize.*install it once/)
  })
})
