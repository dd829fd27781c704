// Package rows is what the executors that keep rows in a SQL database share:
// everything between an effect and the statements.
//
//   - [Table] declares a table; [Validate] checks declarations without I/O, and
//     [Difference] holds one against that which a table was built with.
//   - [Dialect] is what a database can hold, and the form in which it takes it.
//   - [Model] is a read model's tables. [Model.Gather] decodes the effects of a
//     batch and folds them into at most one [Write] for each row.
//   - [ConfigError], [TableError] and [RowError] are what can be wrong.
//
// Invariants:
//
//  1. A body is strict JSON in UTF-8, names declared columns once each and has
//     values of their types; anything else is a [RowError] that names the first
//     effect that does not fit. Nothing is converted silently, and no row depends
//     on which database holds it but in what [Dialect] says.
//  2. To perform the writes of a [Model], in any order, is to perform the batch's
//     effects one after the other.
//  3. Two keys are equal here if and only if they are in the database.
//
// The package knows no driver and no SQL but how names are quoted.
//
// Start reading at [Model.Gather].
package rows
