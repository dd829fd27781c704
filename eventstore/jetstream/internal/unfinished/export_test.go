package unfinished

// Parse reads the record at the start of a block's text.
func Parse(stream string, block int, text []byte) (sequence uint64, size int, headers []byte, err error) {
	p, err := newParser(stream, block)
	if err != nil {
		return 0, 0, nil, err
	}
	r, err := p.parse(text)
	r.place() // must take anything
	return r.sequence, r.size, r.headers, err
}

// ErrTorn is what Parse returns where the server would cut.
var ErrTorn = errTorn
