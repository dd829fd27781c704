package main

import (
	"fmt"
	"io"
	"os"

	"github.com/refold-dev/refold/engine"
)

// colour is a colour of terminals (ECMA-48, SGR).
type colour string

// The colours that are used, and the one that a terminal has by itself.
const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	plain  colour = "39"
)

func (c colour) around(what any) string { return fmt.Sprintf("\x1b[%sm%v\x1b[0m", string(c), what) }

// coloursOn reports whether w is a terminal that shows colours, to somebody who has
// nothing against them: see no-color.org.
func coloursOn(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// coloured is a text in a colour, if w shows colours.
func coloured(w io.Writer, c colour, text string) string {
	if !coloursOn(w) {
		return text
	}
	return c.around(text)
}

// tinted is a cell of a table that is shown in a colour.
type tinted struct {
	what any
	in   colour
}

func (c tinted) String() string { return fmt.Sprint(c.what) }

// tint is a cell with the codes of its colour around it.
func tint(cell any) string {
	if c, is := cell.(tinted); is {
		return c.in.around(printable(fmt.Sprint(c.what)))
	}
	return plain.around(printable(fmt.Sprint(cell)))
}

// shownState is a pipeline's state: red where somebody has to do something, yellow where
// readers wait.
func shownState(s engine.State) any {
	switch s {
	case engine.Faulted:
		return tinted{s, red}
	case engine.Paused, engine.Rebuilding, engine.Loading:
		return tinted{s, yellow}
	case engine.Live:
		return tinted{s, green}
	}
	return s
}
