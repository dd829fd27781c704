// Package child starts, watches and ends the processes that plugins are. It knows
// go-plugin, and nothing of what a plugin is called for.
//
//   - [Start] starts a process, with which a [Child] is connected.
//   - [Child.Call] is a call with a deadline; [Child.Stop] asks the process to end,
//     [Child.Kill] ends it.
//
// Invariants:
//
//  1. A process and what it starts are a process group. It ends with the process,
//     with the Child, and with this process, however that dies: the group's leader is
//     a shell that waits for a pipe to close, and then kills the group. What leaves
//     its group is out of reach.
//  2. No signal goes to a number that may have become another process's: the group
//     keeps its number until its leader is reaped, which comes last.
//  3. A process gets the environment that it is given, and nothing else.
//  4. Both sides know each other by certificates made for this one process. It
//     listens on a Unix socket in a folder of its own, or on the loopback interface.
//  5. What a process says is logged line by line, as fast as the limits let it, and
//     without the values that are secret.
//  6. After Kill nothing is left: no process, goroutine, file or folder.
//
// go-plugin's own AutoMTLS makes certificates on the curve P-521, which BoringSSL,
// and with it gRPC for Python, C++, Ruby and PHP, does not take. Those of this
// package are on P-256; else they are exchanged in the same way.
package child
