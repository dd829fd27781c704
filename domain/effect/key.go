package effect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Keys are the columns of rows' primary keys, by collection.
type Keys map[string][]string

// Of is the key of an effect: of a row, if its collection's key is declared, the
// text of each column; else what the effect names, which may be nothing.
func (k Keys) Of(f *Effect) ([]string, error) {
	if columns, declared := k[f.Name]; declared && f.Kind.IsRow() {
		return RowKey(f, columns)
	}
	return []string{f.Key}, nil
}

// Validate reports a collection without columns.
func (k Keys) Validate() error {
	for collection, columns := range k {
		if len(columns) == 0 {
			return fmt.Errorf("collection %q has no columns of a primary key", collection)
		}
	}
	return nil
}

// RowKey is the primary key of the row that an Insert, Update or Delete is about,
// as the text of each of its columns: a string is its characters, a number, true
// or false the JSON text as the effect has it. So 1 and 1.0 are two keys. An error
// says why the effect has no such key.
func RowKey(f *Effect, columns []string) ([]string, error) {
	if f.Kind == Insert {
		return keyOfRow(f.Body, columns)
	}
	if len(columns) == 1 {
		return textKey([]string{f.Key})
	}
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(f.Key), &parts); err != nil || len(parts) != len(columns) {
		return nil, fmt.Errorf("its key is not a JSON array of %d values", len(columns))
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		var err error
		if texts[i], err = scalar(part); err != nil {
			return nil, fmt.Errorf("its key's column %q %w", columns[i], err)
		}
	}
	return textKey(texts)
}

func keyOfRow(row json.RawMessage, columns []string) ([]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(row, &members); err != nil || members == nil {
		return nil, errors.New("its body is not a JSON object")
	}
	texts := make([]string, len(columns))
	for i, column := range columns {
		value, ok := members[column]
		if !ok {
			return nil, fmt.Errorf("its row lacks the column %q, which is part of the key", column)
		}
		var err error
		if texts[i], err = scalar(value); err != nil {
			return nil, fmt.Errorf("its column %q, which is part of the key, %w", column, err)
		}
	}
	return textKey(texts)
}

// scalar is the text of a single JSON value.
func scalar(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case 'n':
		return "", errors.New("is null")
	case '{', '[':
		return "", errors.New("is no single value")
	}
	return string(raw), nil
}

func textKey(texts []string) ([]string, error) {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return nil, errors.New("its key is not valid UTF-8")
		}
	}
	return texts, nil
}
