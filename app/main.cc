#include "app/commands.h"
#include "app/memory_budget.h"

int main(int argc, char** argv) {
  satindex::app::keep_freed_memory();
  return satindex::app::run_command_line(argc, argv);
}
