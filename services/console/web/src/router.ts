import { createRouter, createWebHistory } from 'vue-router'

import DeskPage from '@/desk/DeskPage.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/mine' },
    { path: '/:view(waiting|mine|attention|all|closed)/:conversation?', name: 'desk', component: DeskPage, props: true },
    { path: '/reports', name: 'reports', component: () => import('@/reports/ReportsPage.vue') },
    { path: '/settings/:section*', name: 'settings', component: () => import('@/admin/SettingsPage.vue') },
    { path: '/:unknown(.*)*', redirect: '/mine' },
  ],
})
