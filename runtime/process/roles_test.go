package process_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/process"
)

// roles are the plugins that the test's executable can be.
var roles = map[string]func(args []string){
	"keyed":     func(args []string) { serveKeyed(args) },
	"stateless": func(args []string) { serveStateless(args) },
	"resident":  func(args []string) { serveResident(args) },
	"ledger":    func([]string) { serveLedger() },
	"sum":       func([]string) { serveSum() },
	"amnesiac":  func(args []string) { registerResident(args); process.ServeProjection() },

	"sqlite": func(args []string) { serveSQLite(args) },
	"fickle": func(args []string) { serveFickle(args) },
	"liar":   func(args []string) { serveLiar(args) },

	"exits":      func([]string) { os.Exit(3) },
	"babbles":    func([]string) { fmt.Println("hello there"); waitForEnd() },
	"is silent":  func([]string) { waitForEnd() },
	"hosts":      func(args []string) { beHost(args) },
	"introduces": func(args []string) { fmt.Println(args[0]); waitForEnd() },
}

func waitForEnd() { select {} }

// The fields of all roles, in the order of their slots.
var (
	do      = refold.StringField("do")
	account = refold.StringField("account")
	amount  = refold.IntField("amount")
)

// obey does what an event commands. args are the role's: a file that remembers that
// something has happened once.
func obey(e refold.Event, out *refold.Effects, args []string) error {
	command, value, _ := strings.Cut(do.Of(e), " ")
	switch command {
	case "crash":
		os.Exit(9)
	case "crash-once":
		if once(args[0]) {
			os.Exit(9)
		}
	case "panic":
		panic("panicked on demand")
	case "panic-outside":
		fell := make(chan bool)
		go func() { panic("fell over") }()
		<-fell
	case "hang":
		waitForEnd()
	case "hang-once":
		if once(args[0]) {
			waitForEnd()
		}
	case "reject":
		return errors.New("rejected on demand")
	case "flood":
		line := strings.Repeat("x", 1000)
		for range 5000 {
			fmt.Fprintln(os.Stderr, line)
		}
	case "say":
		println(value)
	case "environment":
		for _, pair := range os.Environ() {
			out.Log(refold.Info, pair)
		}
	case "grow":
		n, _ := strconv.Atoi(value)
		out.Log(refold.Info, strings.Repeat("x", n))
	case "breed":
		child := exec.Command("sleep", "1000")
		if err := child.Start(); err != nil {
			return err
		}
		out.Log(refold.Info, strconv.Itoa(child.Process.Pid))
	case "pid":
		out.Log(refold.Info, strconv.Itoa(os.Getpid()))
	case "sleep":
		d, _ := time.ParseDuration(value)
		time.Sleep(d)
	}
	return nil
}

// once reports whether a file was not there yet, and makes it.
func once(file string) bool {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

type counted struct {
	N int64 `json:"n"`
}

func serveKeyed(args []string) {
	refold.Register(refold.Keyed[counted]{
		Name: "tally", Key: "key", Events: []string{"commanded"},
		Fold: func(s *counted, e refold.Event, out *refold.Effects) error {
			s.N++
			if err := obey(e, out, args); err != nil {
				return err
			}
			out.Insert("tally", out.Object().Text("key", e.Key()).Int("n", s.N).JSON())
			return nil
		},
	})
	process.ServeProjection()
}

func serveStateless(args []string) {
	refold.Register(refold.Stateless{
		Name: "echo", Events: []string{"commanded"},
		Fold: func(e refold.Event, out *refold.Effects) error { return obey(e, out, args) },
	})
	process.ServeProjection()
}

// total is the state of the resident role, which it keeps in a variable.
var total int64

func registerResident(args []string) {
	refold.Register(refold.Resident{
		Name: "total", Events: []string{"commanded"},
		Fold: func(e refold.Event, out *refold.Effects) error {
			if err := obey(e, out, args); err != nil {
				return err
			}
			total++
			out.Log(refold.Info, strconv.FormatInt(total, 10))
			return nil
		},
		Query: func(query string) ([]byte, error) {
			if query != "" {
				return nil, errors.New("there is only the whole")
			}
			return json.Marshal(counted{total})
		},
	})
}

func serveResident(args []string) {
	registerResident(args)
	process.ServeResident(
		func() ([]byte, error) { return json.Marshal(total) },
		func(text []byte) error { return json.Unmarshal(text, &total) },
	)
}
