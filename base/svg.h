// Pieces of SVG pictures. Text goes through here, so that no name breaks the XML. Coordinates and sizes are pixels; y
// grows downwards.
#pragma once

#include <string>
#include <string_view>

namespace cats::svg {

// With the entities of XML in the place of & < > ".
std::string escaped(std::string_view text);

// To a tenth, without needless digits: "12", "12.5".
std::string pixels(double value);

// A picture on a white ground with its heading, 32 from the left, which is its <title> too. It ends with "</svg>\n".
std::string begin(int width, int height, std::string_view heading);

// On one line; `anchor` ("start", "middle", "end") says what part of it is at x.
std::string words(double x, double y, const char* anchor, int size, const char* colour, std::string_view text);

}  // namespace cats::svg
