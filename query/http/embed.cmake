# cmake -DINPUTS="name=path;..." -DOUTPUT=file.cc -P embed.cmake: files as constant byte arrays in satindex::http.
set(text "#include \"query/http/static_content.h\"\n\nnamespace satindex::http {\n")
foreach(input IN LISTS INPUTS)
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${input}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static constexpr unsigned char ${name}_bytes[] = {${bytes}0};\n"
    "std::string_view ${name}() { return {reinterpret_cast<const char*>(${name}_bytes), sizeof ${name}_bytes - 1}; }\n")
endforeach()
string(APPEND text "}  // namespace satindex::http\n")
file(WRITE "${OUTPUT}" "${text}")
