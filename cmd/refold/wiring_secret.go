package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/refold-dev/refold/engine/config"
)

// readSecret is a text that may be kept elsewhere.
func readSecret(s *config.Secret, what string) (string, error) {
	switch {
	case s.Env != "":
		return keptText(s.Env, "", what, s.Where("env"))
	case s.File != "":
		return keptText("", s.File, what, s.Where("file"))
	}
	return s.Text, nil
}

// keptText is the text in an environment variable or, without one, in a file. An
// error has nothing of it, and the place where it is asked for.
func keptText(env, file, what string, at config.Pos) (string, error) {
	if env != "" {
		text := strings.TrimSpace(os.Getenv(env))
		if text == "" {
			return "", &config.Error{Pos: at, Message: fmt.Sprintf("the environment variable %s, which is to have %s, is not set", env, what)}
		}
		return text, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", &config.Error{Pos: at, Message: fmt.Sprintf("reading %s: %v", what, err)}
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", &config.Error{Pos: at, Message: fmt.Sprintf("the file %s, which is to have %s, is empty", file, what)}
	}
	return text, nil
}
