package main

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// jsonEvent is an event in the import format.
type jsonEvent struct {
	ID            uuid.UUID  `json:"id"`
	AggregateType string     `json:"aggregate_type"`
	AggregateID   uuid.UUID  `json:"aggregate_id"`
	Type          string     `json:"type"`
	Time          string     `json:"time"`
	CorrelationID uuid.UUID  `json:"correlation_id"`
	CausationID   *uuid.UUID `json:"causation_id"`
	Data          any        `json:"data"`
}

type commitData struct {
	Hash   string `json:"hash"`
	Author string `json:"author"`
	Files  int    `json:"files"`
}

type fileData struct {
	Path      string `json:"path"`
	Dir       string `json:"dir"`
	Author    string `json:"author"`
	Commit    string `json:"commit"`
	Additions int64  `json:"additions"`
	Deletions int64  `json:"deletions"`
	Binary    bool   `json:"binary"`
}

// events returns the commit's event and those of its files, caused by it.
func (c commit) events() []jsonEvent {
	aggregate, id := named("commit", c.hash), named("commit_recorded", c.hash)
	author := hashed(c.email)
	list := []jsonEvent{{
		ID: id, AggregateType: "commit", AggregateID: aggregate, Type: "commit_recorded",
		Time: c.time, CorrelationID: aggregate,
		Data: commitData{c.hash, author, len(c.files)},
	}}
	for _, f := range c.files {
		list = append(list, jsonEvent{
			ID:            named("file_changed", c.hash, f.path),
			AggregateType: "file", AggregateID: named("file", f.path), Type: f.eventType(),
			Time: c.time, CorrelationID: aggregate, CausationID: &id,
			Data: fileData{f.path, dir(f.path), author, c.hash, f.additions, f.deletions, f.binary},
		})
	}
	return list
}

func (f file) eventType() string {
	switch f.status {
	case 'A':
		return "file_added"
	case 'D':
		return "file_deleted"
	}
	return "file_modified"
}

// dir is the top-level directory of a path, or "." for a file beside them.
func dir(path string) string {
	name, _, nested := strings.Cut(path, "/")
	if !nested {
		return "."
	}
	return name
}

// named returns the UUID of version 5 of some names.
func named(names ...string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/refold-dev/refold/"+strings.Join(names, "/")))
}

// hashed hides an author's address behind 12 hexadecimal digits.
func hashed(email string) string {
	sum := sha1.Sum([]byte(email))
	return hex.EncodeToString(sum[:6])
}
