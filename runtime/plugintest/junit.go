package plugintest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class    string         `xml:"classname,attr"`
	Name     string         `xml:"name,attr"`
	File     string         `xml:"file,attr"`
	Line     int            `xml:"line,attr"`
	Seconds  string         `xml:"time,attr"`
	Failures []junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes results, by file, as JUnit XML.
func WriteJUnit(w io.Writer, files []string, results [][]Result) error {
	report := struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}{}
	for i, file := range files {
		suite := junitSuite{Name: file, Tests: len(results[i])}
		for j := range results[i] {
			r := &results[i][j]
			c := junitCase{Class: strings.TrimSuffix(file, ".yaml"), Name: r.Name, File: file, Line: r.Pos.Line, Seconds: fmt.Sprintf("%.3f", r.Elapsed.Seconds())}
			for _, f := range r.Failures {
				c.Failures = append(c.Failures, junitFailure{fmt.Sprintf("%s: %s", f.Pos, f.What), f.Text})
			}
			if !r.Passed() {
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, c)
		}
		report.Suites = append(report.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
