package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/testscript"
)

// natsProgram builds the server of the module in go.mod, once.
var natsProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(filepath.Dir(os.Getenv(guestsEnv)), "nats-server")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building nats-server: %w\n%s", err, out)
	}
	return program, nil
})

// natsServer runs a NATS server in a process of its own, until the script ends:
// nats_server NAME CONFIG. It sets NAME_URL, NAME_TOKEN_URL and NAME_MONITOR. CONFIG is a file;
// $STORE in it is a folder of the server's own.
func natsServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nats_server NAME CONFIG")
	}
	program, err := natsProgram()
	ts.Check(err)
	client, monitor := freeAddress(ts), freeAddress(ts)
	config := ts.MkAbs(args[0] + ".conf")
	text := fmt.Sprintf("listen: %q\nhttp: %q\n%s", client, monitor, strings.ReplaceAll(ts.ReadFile(args[1]), "$STORE", ts.MkAbs(args[0]+".data")))
	ts.Check(os.WriteFile(config, []byte(text), 0o600))
	command := exec.Command(program, "-c", config, "-l", ts.MkAbs(args[0]+".log"))
	ts.Check(command.Start())
	ts.Defer(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	nc, err := connectSoon("nats://" + client)
	if err == nil {
		nc.Close()
	} else if !errors.Is(err, nats.ErrAuthorization) { // which is for the script to have
		ts.Fatalf("%v", err)
	}
	ts.Setenv(args[0]+"_URL", "nats://"+client)
	ts.Setenv(args[0]+"_MONITOR", "http://"+monitor)
	ts.Setenv(args[0]+"_TOKEN_URL", "nats://let-me-in@"+client)
}

func freeAddress(ts *testscript.TestScript) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer listener.Close()
	return listener.Addr().String()
}

// connectSoon connects to a server that has just been started.
func connectSoon(url string) (nc *nats.Conn, err error) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if nc, err = nats.Connect(url); !errors.Is(err, nats.ErrNoServers) || time.Now().After(end) {
			return nc, err
		}
	}
}

// stream makes a stream that cannot be a log, where a log should be, or deletes
// what is there: stream make|delete URL
func stream(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stream make|delete URL")
	}
	nc, err := nats.Connect(args[1])
	ts.Check(err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	const name = "INFRASTRUCTURE_EVENTS"
	switch args[0] {
	case "make":
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{"infrastructure.>"}, MaxAge: time.Hour})
	case "delete":
		err = js.DeleteStream(ctx, name)
	default:
		ts.Fatalf("usage: stream make|delete URL")
	}
	ts.Check(err)
}
