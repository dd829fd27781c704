package plugintest

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Ran is a file of cases that has been run, or, with an error, could not be.
type Ran struct {
	File    string
	Results []Result
	Err     error
}

// The elements of JUnit XML, as Surefire writes it and build servers check it: a case
// has one failure, counts and the file stand with the suites, and nothing else is
// said. Lines are in the failures' texts.
type (
	junitReport struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []*junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Seconds  string `xml:"time,attr"`
		elapsed  time.Duration
	}
	junitSuite struct {
		junitCounts
		File  string      `xml:"file,attr"`
		Cases []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Seconds string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit is the results of files as JUnit XML. A character that XML cannot hold
// becomes U+FFFD.
func JUnit(files []Ran) ([]byte, error) {
	report := junitReport{junitCounts: junitCounts{Name: "refold plugin test"}}
	for i := range files {
		suite := suiteOf(&files[i])
		report.add(suite.junitCounts)
		report.Suites = append(report.Suites, suite)
	}
	text, err := xml.MarshalIndent(report, "", "  ")
	return append(append([]byte(xml.Header), text...), '\n'), err
}

func suiteOf(f *Ran) *junitSuite {
	s := &junitSuite{junitCounts: junitCounts{Name: f.File}, File: f.File}
	class := strings.TrimSuffix(f.File, ".yaml")
	for i := range f.Results {
		r := &f.Results[i]
		c := junitCase{Name: r.Name, Class: class, Seconds: seconds(r.Elapsed), Failure: failureOf(r)}
		one := junitCounts{Tests: 1, elapsed: r.Elapsed}
		if c.Failure != nil {
			one.Failures = 1
		}
		s.add(one)
		s.Cases = append(s.Cases, c)
	}
	if f.Err != nil {
		message, _, _ := strings.Cut(f.Err.Error(), "\n")
		s.add(junitCounts{Tests: 1, Errors: 1})
		s.Cases = append(s.Cases, junitCase{Name: "the file is run", Class: class, Seconds: seconds(0),
			Error: &junitProblem{message, "error", f.Err.Error()}})
	}
	return s
}

// failureOf is all that a case did not get; nil for one that passed.
func failureOf(r *Result) *junitProblem {
	if r.Passed() {
		return nil
	}
	var what, text []string
	for _, f := range r.Failures {
		what = append(what, f.What)
		text = append(text, fmt.Sprintf("%s: %s\n%s", f.Pos, f.What, f.Text))
	}
	return &junitProblem{"differs: " + strings.Join(what, ", "), what[0], strings.Join(text, "\n\n")}
}

func (c *junitCounts) add(more junitCounts) {
	c.Tests += more.Tests
	c.Failures += more.Failures
	c.Errors += more.Errors
	c.elapsed += more.elapsed
	c.Seconds = seconds(c.elapsed)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
