// What ggml.h and ggml-cpu.h (version 0.25) pass by value. The functions themselves are loaded, not linked.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GGMLParameters {
    size_t memory_bytes;
    void *_Nullable memory;
    bool allocates_nothing;
} GGMLParameters;

typedef struct GGMLPlan {
    size_t work_bytes;
    uint8_t *_Nullable work;
    int threads;
    void *_Nullable pool;
    bool (*_Nullable abort)(void *_Nullable data);
    void *_Nullable abort_data;
    bool uses_reference;
} GGMLPlan;

typedef void *_Nullable (*GGMLInitialize)(GGMLParameters parameters);
typedef GGMLPlan (*GGMLMakePlan)(const void *_Nonnull graph, int threads, void *_Nullable pool);
typedef int (*GGMLCompute)(void *_Nonnull graph, GGMLPlan *_Nonnull plan);
