package capability

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
)

// natsServer is a real one, with a stream ALERTS of alerts.>.
func natsServer(t *testing.T, change func(*server.Options)) (s *server.Server, url string) {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s, s.ClientURL()
}

func stream(t *testing.T, url string, options ...nats.Option) jetstream.Stream {
	t.Helper()
	conn, err := nats.Connect(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	made, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ALERTS", Subjects: []string{"alerts.>"}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// connected waits until the executor's connection is there.
func (c *caller) connected() {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); !c.nats.conn.IsConnected(); {
		if time.Now().After(deadline) {
			c.Fatal("no connection")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPublish(t *testing.T) {
	_, url := natsServer(t, nil)
	alerts := stream(t, url)
	c := open(t, Grants{NATS: NATS{URL: url, Subjects: []string{"alerts.*", "other.>"}}})
	c.connected()
	values := c.want(c.call("nats_publish", str("alerts.low"), str(`{"n":1}`), str("kind"), str("log"), str("kind"), str("again")))
	if got := described(values); got != "string:ALERTS i64:1 bool:false" {
		t.Errorf("the answer is %s", got)
	}
	c.want(c.call("nats_publish", str("alerts.low"), frame.Slot{}))
	c.effect = 1
	c.want(c.call("nats_publish", str("alerts.high"), frame.BytesSlot(frame.Bytes, []byte{0})))
	c.begin() // the effects come again, and nothing is stored twice
	for _, want := range []string{"string:ALERTS i64:1 bool:true", "string:ALERTS i64:2 bool:true"} {
		if got := described(c.want(c.call("nats_publish", str("alerts.low"), str("x")))); got != want {
			t.Errorf("again, the answer is %s, want %s", got, want)
		}
	}
	for n, id := range []string{"", "1", "1-2", "2"} {
		if n == 0 {
			continue
		}
		m, err := alerts.GetMsg(t.Context(), uint64(n))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get(nats.MsgIdHdr); got != "00000000-0000-0000-0000-00000000000"+id {
			t.Errorf("message %d has the id %s", n, got)
		}
		if n == 1 && (string(m.Data) != `{"n":1}` || strings.Join(m.Header["kind"], ",") != "log,again") {
			t.Errorf("message 1 is %s, %v", m.Data, m.Header)
		}
	}
	c.refuse(c.call("nats_publish", str("other.a"), str("x")), codeRefused, "no stream has the subject other.a")
	c.effect = -1
	c.refuse(c.call("nats_publish", str("alerts.low"), str("x")), badRequest, "no effect is marked")
}

// TestSubjects: what is published is granted, and no pattern itself.
func TestSubjects(t *testing.T) {
	_, url := natsServer(t, nil)
	alerts := stream(t, url)
	c := open(t, Grants{NATS: NATS{URL: url, Subjects: []string{"alerts.*", "*.low", ">"}}})
	c.connected()
	for _, subject := range []string{"alerts.*", "alerts.>", ">", "*", "alerts..low", ".alerts", "alerts.", "alerts low", "alerts.low\r\nPUB x 0", "alerts.\x00", "alerts.lo\tw",
		"$JS.API.STREAM.DELETE.ALERTS", "$SYS.REQ.SERVER.PING", "_INBOX.x", "$KV.bucket.key", strings.Repeat("a", 1025)} {
		if a := c.call("nats_publish", frame.BytesSlot(frame.String, []byte(subject)), str("{}")); a.code != badRequest && a.code != codeDenied {
			t.Errorf("%q is answered with %d: %s", subject, a.code, a.text)
		}
	}
	for _, pair := range [][2]string{{"Nats-Msg-Id", "x"}, {"nats-expected-last-sequence", "9"}, {"NATS-Rollup", "all"}, {"a\r\nNats-Rollup", "all"}, {"a", "b\r\nNats-Rollup: all"}, {"a b", "c"}} {
		c.refuse(c.call("nats_publish", str("alerts.low"), str("x"), str(pair[0]), str(pair[1])), badRequest, "nats")
	}
	c.refuse(c.call("nats_publish", str("alerts.low"), frame.BytesSlot(frame.Bytes, make([]byte, 2<<20))), tooLarge, "has 2097152 bytes")
	if info, err := alerts.Info(context.Background()); err != nil || info.State.Msgs != 0 {
		t.Errorf("the stream has %d messages, %v", info.State.Msgs, err)
	}
}

func TestCheckSubject(t *testing.T) {
	for _, pattern := range []string{"alerts", "alerts.*", "*.low", ">", "a.*.b.>", "$KV.bucket.>", "größe.a"} {
		if err := CheckSubject(pattern); err != nil {
			t.Error(err)
		}
	}
	for _, pattern := range []string{"", ".", "a.", ".a", "a..b", "a b", "a.>.b", "a.b*", "a.>b", "$JS.API.>", "$JS", "$SYS.>", "_INBOX.>", "_INBOX_x.a", "$js.a", "a\x00"} {
		if CheckSubject(pattern) == nil {
			t.Errorf("%q can be granted", pattern)
		}
	}
}

// TestMatches: a pattern has the subjects that a server would deliver on it, but for
// those of its own.
func TestMatches(t *testing.T) {
	token := rapid.SampledFrom([]string{"a", "b", "$x"})
	rapid.Check(t, func(t *rapid.T) {
		subject := strings.Join(rapid.SliceOfN(token, 1, 4).Draw(t, "subject"), ".")
		tokens := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "$x"}), 1, 4).Draw(t, "pattern")
		if rapid.Bool().Draw(t, "tail") {
			tokens = append(tokens, ">")
		}
		pattern := strings.Join(tokens, ".")
		want := server.SubjectsCollide(pattern, subject)
		if strings.HasPrefix(subject, "$") && tokens[0] == "*" {
			want = false
		}
		if got := matches(pattern, subject); got != want {
			t.Fatalf("%s has %s: %v, want %v", pattern, subject, got, want)
		}
	})
}

// TestUser: a user's password comes from a file, and is told nowhere.
func TestUser(t *testing.T) {
	_, url := natsServer(t, func(o *server.Options) { o.Username, o.Password = "ada", "p4ssword" })
	stream(t, url, nats.UserInfo("ada", "p4ssword"))
	c := open(t, Grants{NATS: NATS{URL: url, User: "ada", PasswordFile: file(t, "password", "p4ssword\n"), Subjects: []string{"alerts.low"}}})
	c.connected()
	c.want(c.call("nats_publish", str("alerts.low"), str("x")))
	if got := c.Redact("p4ssword"); got != "[password of nats]" {
		t.Errorf("the password is told as %s", got)
	}
}

// TestServerAway: what cannot be stored now is said so, and is stored later.
func TestServerAway(t *testing.T) {
	token := file(t, "token", "s3cret-token\n")
	auth := func(o *server.Options) { o.Authorization = "s3cret-token" }
	s, url := natsServer(t, auth)
	stream(t, url, nats.Token("s3cret-token"))
	c := open(t, Grants{NATS: NATS{URL: url, TokenFile: token, Subjects: []string{"alerts.low"}}})
	c.connected()
	c.want(c.call("nats_publish", str("alerts.low"), str("x")))
	if got := c.Redact("s3cret-token"); got != "[token of nats]" {
		t.Errorf("the token is told as %s", got)
	}
	s.Shutdown()
	s.WaitForShutdown()
	for deadline := time.Now().Add(20 * time.Second); c.nats.conn.IsConnected() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	a := c.call("nats_publish", str("alerts.low"), str("x"))
	c.refuse(a, unavailable, "nats: alerts.low: ")
	if strings.Contains(a.text, "s3cret") {
		t.Errorf("it says %s", a.text)
	}
}
