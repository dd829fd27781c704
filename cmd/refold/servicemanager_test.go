package main

import (
	"net"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// serviceManager listens as systemd does, where NOTIFY_SOCKET says from now on, and writes
// what it is told into a file: manager FILE
func serviceManager(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: manager FILE")
	}
	socket := ts.MkAbs("manager.sock")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	done := make(chan struct{})
	ts.Defer(func() {
		ts.Check(conn.Close())
		<-done
		ts.Check(file.Close())
	})
	ts.Setenv("NOTIFY_SOCKET", socket)
	go func() {
		defer close(done)
		told := make([]byte, 4096)
		for n, err := conn.Read(told); err == nil; n, err = conn.Read(told) {
			_, _ = file.Write(append(told[:n:n], '\n'))
		}
	}()
}
