package unfinished

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
)

// stream is the folder of one stream.
type stream struct {
	dir  string
	name string
}

// openStream reads a stream's description. A stream whose batches the server
// does not finish either is no error, and nil.
func openStream(dir string) (*stream, error) {
	if _, err := os.Stat(filepath.Join(dir, "meta.key")); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, notUnderstood("it is encrypted"))
	}
	text, err := os.ReadFile(filepath.Join(dir, "meta.inf"))
	if err != nil {
		return nil, err
	}
	var about struct {
		Name     string `json:"name"`
		Replicas int    `json:"num_replicas"`
		Storage  string `json:"storage"`
		Atomic   bool   `json:"allow_atomic"`
	}
	switch err := json.Unmarshal(text, &about); {
	case err != nil:
		return nil, notUnderstood("its description, meta.inf, is no JSON: " + err.Error())
	case !about.Atomic || about.Storage != "file":
		return nil, nil
	case about.Replicas != 1:
		return nil, notUnderstood("it has several copies")
	}
	return &stream{dir: dir, name: about.Name}, nil
}

func (s *stream) blocks() string { return filepath.Join(s.dir, "msgs") }

// cut is where a stream is to end.
type cut struct {
	block    int      // the last one that stays, in part
	offset   int64    // where it ends
	later    []string // the blocks behind it
	sequence uint64   // of the first message that goes
	messages uint64
}

// end looks for a batch that the stream ends in and that nobody will finish. It
// returns nil if there is none.
func (s *stream) end() (*cut, error) {
	numbers, err := blocks.Numbers(s.blocks())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := cut{}
	var later part // what the blocks behind have of the batch
	for i := len(numbers) - 1; i >= 0; i-- {
		e, err := readBlock(blocks.Path(s.blocks(), numbers[i]), s.name, numbers[i])
		if err != nil {
			return nil, err
		}
		switch {
		case later.batch == "" && e.last == 0: // the server takes it for missing
			at.later = append(at.later, blocks.Path(s.blocks(), numbers[i]))
			continue
		case later.batch == "" && e.open.batch == "":
			return nil, nil
		case later.batch == "":
			at.messages = e.open.to - e.open.from + 1
			if done, err := s.willBeFinished(e.open.batch, e.open.to); done || err != nil {
				return nil, err
			}
		case e.torn || e.last+1 != later.sequence || e.open.batch != later.batch || e.open.to+1 != later.from:
			return nil, notUnderstood(fmt.Sprintf("it ends in a part of batch %s, which does not go on from block %d", later.batch, numbers[i]))
		default:
			at.messages += e.open.to - e.open.from + 1
		}
		if later = e.open; later.from == 1 {
			at.block, at.offset, at.sequence = numbers[i], later.offset, later.sequence
			return &at, nil
		}
		if later.offset > 0 {
			break
		}
		at.later = append(at.later, blocks.Path(s.blocks(), numbers[i]))
	}
	if later.batch == "" {
		return nil, nil
	}
	return nil, notUnderstood(fmt.Sprintf("it ends in a part of batch %s, which has no beginning", later.batch))
}

// willBeFinished reports whether the server has kept aside what is missing of a
// batch behind a sequence in it, to its last message.
func (s *stream) willBeFinished(batch string, stored uint64) (bool, error) {
	name := asideName(batch)
	dir := filepath.Join(s.dir, "batches", name, "msgs")
	numbers, err := blocks.Numbers(dir)
	if err != nil {
		return false, ignoreMissing(err)
	}
	var last ending
	for _, number := range numbers {
		e, err := readBlock(blocks.Path(dir, number), name, number)
		var strange *notUnderstoodError
		switch {
		case errors.As(err, &strange):
			return false, nil
		case err != nil:
			return false, err
		case e.torn || last.last > 0 && e.first != last.last+1 || last.last == 0 && e.first > stored+1:
			return false, nil
		}
		last = e
	}
	return last.commits && last.last > stored, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// asideName is what the server calls the stream in which it keeps a batch aside:
// eight letters or digits from the SHA-256 of the batch's id.
func asideName(batch string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(batch))
	name := sum[:8]
	for i, b := range name {
		name[i] = digits[int(b)%len(digits)]
	}
	return string(name)
}
