// Package plugincheck looks for a log of events that shows that a projection
// breaks one of the laws of package projection.
//
//   - [Check] tries each law on logs that it draws, and returns a [Report].
//   - [Vocabulary] is what the logs are drawn from: events that happened, the
//     catalog's types, the manifest's fields.
//   - A log that breaks a law is shrunk, and becomes a case for package plugintest,
//     which fails until the projection is mended.
//
// Invariants:
//
//  1. The same module, vocabulary, seed and number of cases give the same report.
//  2. Events of one aggregate that happened keep their order; between aggregates it
//     is drawn.
//  3. Events of a type that the catalog declares keep to it. Where nothing declares
//     a field, it may be absent, null or of another type: the host lets it pass.
//
// A law that holds for what was tried is not proven. Start reading at check.go.
package plugincheck
