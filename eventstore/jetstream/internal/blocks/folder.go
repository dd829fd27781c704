package blocks

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Numbers returns the numbers of the blocks in a folder, in order.
func Numbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		base, isBlock := strings.CutSuffix(entry.Name(), ".blk")
		if n, err := strconv.Atoi(base); isBlock && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Path returns the path of a block in a folder.
func Path(dir string, number int) string {
	return filepath.Join(dir, strconv.Itoa(number)+".blk")
}
