package control

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// What is asked is a struct. Each field says where it stands in a request by HTTP, with
// the name that its `json` tag gives it:
//
//	in:"path"   in the path, in the place of {name}
//	in:"query"  in the query; it may be left out
//	in:"header" in the head; likewise
//	in:"body"   it is the body; with need:"yes" there must be one
//
// A request by NATS has all of them in one JSON object. Nothing else may be there, and a
// struct with a Validate says what cannot be asked.

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// askError is a request that says nothing that can be done.
type askError struct{ err error }

func (e *askError) Error() string { return e.err.Error() }
func (e *askError) Unwrap() error { return e.err }

func unfit(format string, args ...any) error { return &askError{fmt.Errorf(format, args...)} }

// readHTTP reads what a request asks. The error is an *askError.
func (a *act) readHTTP(r *http.Request, body []byte) (any, error) {
	ask := reflect.New(a.asks)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unfit("reading the parameters: %w", err)
	}
	for i := range a.asks.NumField() {
		f, v := a.asks.Field(i), ask.Elem().Field(i)
		name := jsonName(f)
		var err error
		switch f.Tag.Get("in") {
		case "path":
			err = setText(v, name, r.PathValue(name))
		case "query":
			err = setOnce(v, name, query[name])
			query.Del(name)
		case "header":
			err = setOnce(v, name, slices.DeleteFunc(slices.Clone(r.Header.Values(name)), func(text string) bool { return text == "" }))
		case "body":
			if len(bytes.TrimSpace(body)) > 0 {
				err = decode(body, v.Addr().Interface())
			} else if f.Tag.Get("need") != "" {
				err = unfit("reading the request: it has no body")
			}
			body = nil
		}
		if err != nil {
			return nil, err
		}
	}
	for name := range query {
		return nil, unfit("there is no parameter %q here%s", name, a.known())
	}
	if len(bytes.TrimSpace(body)) > 0 {
		return nil, unfit("the request takes no body")
	}
	return validated(ask.Interface())
}

// known lists the parameters of a query.
func (a *act) known() string {
	var names []string
	for i := range a.asks.NumField() {
		if f := a.asks.Field(i); f.Tag.Get("in") == "query" {
			names = append(names, jsonName(f))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ": there are " + strings.Join(names, ", ")
}

// readJSON reads what a request by NATS asks. The error is an *askError.
func (a *act) readJSON(text []byte) (any, error) {
	ask := reflect.New(a.asks).Interface()
	if len(bytes.TrimSpace(text)) > 0 {
		if err := decode(text, ask); err != nil {
			return nil, err
		}
	}
	for i := range a.asks.NumField() {
		f := a.asks.Field(i)
		if f.Tag.Get("need") != "" && len(bytes.TrimSpace(text)) == 0 {
			return nil, unfit("reading the request: it has no body")
		}
	}
	return validated(ask)
}

func validated(ask any) (any, error) {
	if v, ok := ask.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, &askError{err}
		}
	}
	return ask, nil
}

// decode reads JSON that has nothing else, and nothing behind it.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return unfit("reading the request: %s cannot be %s", fieldOf(wrong), wrong.Value)
	}
	if err != nil {
		return unfit("reading the request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return unfit("reading the request: there is more behind it")
	}
	return nil
}

// fieldOf names the field that a value does not fit.
func fieldOf(wrong *json.UnmarshalTypeError) string {
	if wrong.Field == "" {
		return "it"
	}
	return wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// setOnce sets a field to what is given for it, if anything is: of two nobody could say
// which one counts.
func setOnce(v reflect.Value, name string, given []string) error {
	switch len(given) {
	case 0:
		return nil
	case 1:
		return setText(v, name, given[0])
	}
	return unfit("parameter %s is there %d times: give it once", name, len(given))
}

// setText sets a field to what stands in a path or a query.
func setText(v reflect.Value, name, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if own, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := own.UnmarshalText([]byte(text)); err != nil {
			return unfit("parameter %s: %w", name, err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Int:
		if n, err := strconv.Atoi(text); err == nil {
			v.SetInt(int64(n))
			return nil
		}
	case reflect.Uint64:
		if n, err := strconv.ParseUint(text, 10, 63); err == nil {
			v.SetUint(n)
			return nil
		}
	}
	return unfit("parameter %s: %q is no whole number, or too large", name, text)
}
