// Package cluster runs a private PostgreSQL server, for tests and measurements:
// its files are in a folder of their own, it listens on a unix socket in that
// folder and on the loopback interface, and it is gone when it is stopped.
//
//   - [Start] makes the files and starts the server, as a user who is not root:
//     PostgreSQL refuses to run as root.
//   - [Cluster.Restart] lets it crash, or stops it in order, and starts it again.
//   - [MissingError] says what is not installed.
//
// On Linux the server ends with the process that started it, even by kill -9; its
// folder stays then.
package cluster
