// Command chat_webhook is an executor that posts messages to a chat: the text of a
// Log effect, and rows of the collection "announcements" as fields. It sends a token
// that the pipeline's YAML grants it by name.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/refold-dev/refold/sdk/go/executor"
)

// settings are the configuration.
type settings struct {
	URL     string `json:"url"`
	Channel string `json:"channel"`
}

var to settings

func init() {
	executor.Register(executor.Executor{
		Name:    "chat_webhook",
		Version: "1.0.0",
		Kinds:   []executor.Kind{executor.Log, executor.Insert},
		Wants: []executor.Want{
			{Capability: executor.HTTP, Reason: "posts messages to the chat"},
			{Capability: executor.Secrets, Name: "chat_token", Reason: "authorizes the posts"},
		},
		Configure: configure,
		Execute:   execute,
	})
}

func configure(config []byte) error {
	if err := json.Unmarshal(config, &to); err != nil {
		return fmt.Errorf("the configuration is no JSON object with url and channel: %w", err)
	}
	if to.URL == "" {
		return errors.New("there is no url: write `config: {url: https://HOST/PATH, channel: NAME}`")
	}
	return nil
}

func execute(b *executor.Batch) error {
	for e := range b.Effects() {
		m, err := messageOf(e)
		if err != nil {
			return executor.Poison(err)
		}
		if m == nil {
			continue // a row of another collection is for other executors
		}
		if err := post(m); err != nil {
			return err
		}
	}
	return nil
}

// message is what chats take, more or less.
type message struct {
	Channel     string       `json:"channel,omitempty"`
	Text        string       `json:"text"`
	Attachments []attachment `json:"attachments,omitempty"`
}

type attachment struct {
	Color  string  `json:"color"`
	Fields []field `json:"fields"`
}

type field struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

var signs = [...]string{"", "", ":warning: ", ":rotating_light: "} // by level

// messageOf formats an effect; nil is for none.
func messageOf(e executor.Effect) (*message, error) {
	if e.Kind == executor.Log {
		return &message{Channel: to.Channel, Text: signs[e.Level] + escaped(string(e.Body))}, nil
	}
	if e.Name != "announcements" {
		return nil, nil
	}
	var row map[string]any
	if err := json.Unmarshal(e.Body, &row); err != nil {
		return nil, fmt.Errorf("the row is no JSON object: %w", err)
	}
	title, _ := row["title"].(string)
	delete(row, "title")
	m := &message{Channel: to.Channel, Text: escaped(title), Attachments: []attachment{{Color: "#439fe0"}}}
	for name, value := range row {
		m.Attachments[0].Fields = append(m.Attachments[0].Fields, field{escaped(name), escaped(fmt.Sprint(value))})
	}
	fields := m.Attachments[0].Fields
	sort.Slice(fields, func(i, j int) bool { return fields[i].Title < fields[j].Title })
	return m, nil
}

// escaped keeps what chats read as links and mentions out of a text.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// post posts a message. The host adds an Idempotency-Key: the effect's id.
func post(m *message) error {
	token, err := executor.ReadSecret("chat_token")
	if err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return executor.Poison(err)
	}
	r, err := executor.Send(executor.Request{Method: "POST", URL: to.URL, Body: body, Header: []executor.Header{
		{Name: "Content-Type", Value: "application/json"}, {Name: "Authorization", Value: "Bearer " + token}}})
	if err != nil {
		return err
	}
	failed := fmt.Errorf("the chat answers with the status %d", r.Status)
	switch {
	case r.Status >= 200 && r.Status < 300:
		return nil
	case r.Status == 429 || r.Status >= 500:
		seconds, _ := strconv.Atoi(r.Get("retry-after"))
		return executor.Retry(time.Duration(seconds)*time.Second, failed)
	case r.Status == 401 || r.Status == 403:
		return fmt.Errorf("%w: the token or the channel is wrong", failed)
	}
	return executor.Poison(failed)
}

func main() {}
