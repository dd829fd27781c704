package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// marker starts a commit in git's output; no hash and no path has it.
const marker = "commit\x01"

// commit is a commit with its changed files.
type commit struct {
	hash, time, email string
	files             []file
}

// file is a file as a commit changed it.
type file struct {
	path                 string
	status               byte // 'A', 'M' or 'D'; 'T' for a changed type
	additions, deletions int64
	binary               bool
}

// parseLog reads the output of git log --raw --numstat -z, in the format that
// run asks for.
func parseLog(text []byte) (commits []commit, err error) {
	for _, part := range bytes.Split(text, []byte(marker))[1:] {
		tokens := strings.Split(string(part), "\x00")
		if len(tokens) < 4 {
			return nil, fmt.Errorf("a commit has %d parts, want 3 or more", len(tokens)-1)
		}
		c := commit{hash: tokens[0], time: tokens[1], email: tokens[2]}
		if err := c.parseFiles(tokens[3:]); err != nil {
			return nil, fmt.Errorf("commit %s: %w", c.hash, err)
		}
		commits = append(commits, c)
	}
	return commits, nil
}

// parseFiles reads the raw entries, each of two tokens, and then the counts.
func (c *commit) parseFiles(tokens []string) error {
	index := map[string]int{}
	for i := 0; i < len(tokens); i++ {
		token := strings.TrimLeft(tokens[i], "\n")
		if token == "" {
			continue
		}
		if strings.HasPrefix(token, ":") && i+1 < len(tokens) {
			i++
			index[tokens[i]] = len(c.files)
			c.files = append(c.files, file{path: tokens[i], status: token[len(token)-1]})
			continue
		}
		counts := strings.SplitN(token, "\t", 3)
		if len(counts) != 3 {
			return fmt.Errorf("%q is no line of counts", token)
		}
		at, known := index[counts[2]]
		if !known {
			return fmt.Errorf("counts for %q, which the commit does not change", counts[2])
		}
		if err := c.files[at].count(counts[0], counts[1]); err != nil {
			return err
		}
	}
	return nil
}

// count takes over the added and deleted lines; git has dashes for a binary
// file.
func (f *file) count(additions, deletions string) (err error) {
	if f.binary = additions == "-"; f.binary {
		return nil
	}
	if f.additions, err = strconv.ParseInt(additions, 10, 64); err != nil {
		return err
	}
	f.deletions, err = strconv.ParseInt(deletions, 10, 64)
	return err
}
