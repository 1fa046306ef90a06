// Starting, limiting and watching worker processes: what Foundation.Process and posix_spawn cannot do on Linux.
#pragma once
